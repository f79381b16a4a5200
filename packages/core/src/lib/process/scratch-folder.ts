/**
 * Private folders for data that must not outlive a run: frozen copies, scratch restores.
 *
 *     <temp>/quackup-<pid>-<start of the process>-<place>-<random>/     mode 0700
 *
 * A run that is killed cannot remove its own; the name says whose it was, so the next run removes it. The place is a hash
 * of host, boot and process namespace: two containers may share the folder, and neither can see whether the other's
 * processes live. What is of another place goes when nobody has touched it for a week.
 */
import { createHash } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { QuackupError } from '../errors.ts';
import { ownHolder } from './holder.ts';
import { isProcessAlive } from './process-identity.ts';

const NAME = /^quackup-(\d+)-(\d+)-([0-9a-f]{8})-[A-Za-z0-9]{6}$/;
const FOREIGN_MS = 7 * 24 * 3600_000;

export class ScratchFolder implements AsyncDisposable {
  readonly path: string;
  #files = 0;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes a folder, and removes those of runs that are over.
   *
   * @param parent Default: the system's temporary folder.
   * @throws NO_SPACE if it cannot be made.
   */
  static async create(parent: string = tmpdir()): Promise<ScratchFolder> {
    try {
      await mkdir(parent, { recursive: true, mode: 0o700 });
      const { pid, processStart, place } = await ownHolder();
      const here = hashOf(place);
      await removeStale(parent, here);
      return new ScratchFolder(await mkdtemp(join(parent, `quackup-${pid}-${processStart}-${here}-`)));
    } catch (error) {
      throw new QuackupError(
        'NO_SPACE',
        `no temporary folder can be made in ${parent}: ${(error as Error).message}`,
        {
          cause: error,
          hint: 'set backup.tempDir in quackup.yaml, or TMPDIR, to a folder that you may write',
        },
      );
    }
  }

  /** A path in the folder that has not been given out before. Nothing is created. */
  newPath(): string {
    this.#files += 1;
    return join(this.path, String(this.#files));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

async function removeStale(parent: string, here: string): Promise<void> {
  for (const path of await findStale(parent, here)) {
    // Another run may be removing it too, and another user's is not ours to remove.
    await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

/** The folders that runs have left that are over. */
export async function findStaleScratch(parent: string): Promise<string[]> {
  return findStale(parent, hashOf((await ownHolder()).place));
}

async function findStale(parent: string, here: string): Promise<string[]> {
  const stale: string[] = [];
  for (const name of await readdir(parent)) {
    const [, pid, start, place] = NAME.exec(name) ?? [];
    if (place === undefined) continue;
    const path = join(parent, name);
    const isOver =
      place === here
        ? !(await isProcessAlive(Number(pid), Number(start)))
        : await isOlderThan(path, FOREIGN_MS);
    if (isOver) stale.push(path);
  }
  return stale;
}

const hashOf = (place: string): string => createHash('sha256').update(place).digest('hex').slice(0, 8);

/** Whether nothing was made or removed in a folder for this long. */
async function isOlderThan(path: string, milliseconds: number): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined);
  return stats !== undefined && Date.now() - stats.mtimeMs > milliseconds;
}
