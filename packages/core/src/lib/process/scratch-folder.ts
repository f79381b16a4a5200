/**
 * Private folders for data that must not outlive a run: frozen copies, scratch restores.
 *
 *     <temp>/quackup-<pid>-<start of the process>-<random>/     mode 0700
 *
 * A run that is killed cannot remove its own; the name says whose it was, so the next run removes it.
 */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { QuackupError } from '../errors.ts';
import { isProcessAlive, ownProcessStart } from './process-identity.ts';

const NAME = /^quackup-(\d+)-(\d+)-[A-Za-z0-9]{6}$/;

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
      await removeStale(parent);
      return new ScratchFolder(
        await mkdtemp(join(parent, `quackup-${process.pid}-${await ownProcessStart()}-`)),
      );
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

async function removeStale(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const match = NAME.exec(name);
    if (match === null || (await isProcessAlive(Number(match[1]), Number(match[2])))) continue;
    // Another run may be removing it too, and another user's is not ours to remove.
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => {});
  }
}
