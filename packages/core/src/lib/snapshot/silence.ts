/**
 * Since when nothing that is seen means that nothing is done.
 *
 * A checkpoint without a marker syncs the file between F and H (docs/hot-copy.md), and while a slow disk takes its time all
 * else may be still. So silence counts only from when a sync of our own has returned: it waits for the same pages, and for
 * the same disk.
 */
import type { DatabaseReader } from './database-reader.ts';

/**
 * What systems answer where a file cannot be synced, or not written by anybody: then no writer waits for a sync either.
 * Windows wants the right to write for it, and does not let a file be read that another process has open for writing.
 */
const NOTHING_TO_WAIT_FOR: ReadonlySet<string> = new Set([
  'EINVAL',
  'ENOSYS',
  'ENOTSUP',
  'EOPNOTSUPP',
  'EROFS',
]);

export class Silence {
  readonly #synced: Promise<void>;
  #sinceMs: number | undefined;
  /** The disk refused the sync, so what a writer waits for cannot be known: no silence proves anything. */
  isVoid = false;

  /** Begins to listen. */
  constructor(reader: Pick<DatabaseReader, 'sync'>, platform: NodeJS.Platform = process.platform) {
    this.#synced = this.#waitForDisk(reader, platform);
  }

  /** Milliseconds for which silence has counted; 0 if it does not yet. */
  get watchedMs(): number {
    return this.#sinceMs === undefined ? 0 : performance.now() - this.#sinceMs;
  }

  /** Waits until it counts, or never will. */
  async begun(): Promise<void> {
    await this.#synced;
  }

  async #waitForDisk(reader: Pick<DatabaseReader, 'sync'>, platform: NodeJS.Platform): Promise<void> {
    try {
      if (platform !== 'win32') await reader.sync();
      this.#sinceMs = performance.now();
    } catch (error) {
      if (NOTHING_TO_WAIT_FOR.has((error as NodeJS.ErrnoException).code ?? ''))
        this.#sinceMs = performance.now();
      else this.isVoid = true;
    }
  }
}
