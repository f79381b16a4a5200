import { DEFAULT_FULL_EVERY_MS } from '../api.ts';
import type { ArchiveFile } from '../archive/archive-file.ts';
import type { Base } from '../archive/base.ts';
import type { BackupRun } from './backup-run.ts';
import { type Bases, findBases, planStorage, type Storage, wholeFiles } from './plan-storage.ts';

/** How the files are stored, and on what that builds. */
export interface ChosenStorage extends Storage {
  /** By the name of their target; none for a full backup. */
  readonly bases?: ReadonlyMap<string, Base>;
  /** Why nothing of earlier backups is reused, if that was not asked for. */
  readonly fullReason?: string;
}

/**
 * Chooses between a full and an incremental backup. Bases are looked for once, however often the archive is begun again: what is
 * on the targets does not change by that.
 */
export class StorageChooser {
  readonly #run: BackupRun;
  #bases: Bases | undefined;

  constructor(run: BackupRun) {
    this.#run = run;
  }

  /** @throws TARGET_FAILED if no target can be read. */
  async choose(files: readonly ArchiveFile[]): Promise<ChosenStorage> {
    const { full = false, onProgress } = this.#run.options;
    if (full) return wholeFiles(files);
    const bases = (this.#bases ??= await this.#findBases());
    if (typeof bases === 'string') return this.#inFull(files, bases);
    const storage = await planStorage(files, [...bases.values()], onProgress);
    return storage.kind === 'incremental'
      ? { ...storage, bases }
      : this.#inFull(files, 'less than half is as it was in the last backup');
  }

  #inFull(files: readonly ArchiveFile[], fullReason: string): ChosenStorage {
    const text = `a full backup is made: ${fullReason}`;
    this.#run.options.onProgress?.({ type: 'message', level: 'info', text });
    return { ...wholeFiles(files), fullReason };
  }

  async #findBases(): Promise<Bases> {
    const { options, source, reservation, memory } = this.#run;
    const { fullEveryMs = DEFAULT_FULL_EVERY_MS, encryption } = options;
    const bases = await findBases(
      reservation.live(),
      { now: source.createdAt, fullEveryMs, encryption, memory },
      (target, error) => reservation.fail(target, error),
    );
    reservation.checkAlive();
    return bases;
  }
}
