import { constants } from 'node:fs';
import { type FileHandle, open, statfs } from 'node:fs/promises';

import { isAligned } from './aligned-buffers.ts';

/**
 * Where direct writes were tried: `f_type` of statfs(2) on Linux (linux/magic.h), EXT4_SUPER_MAGIC, which is also that of
 * ext2 and ext3, and XFS_SUPER_MAGIC. On a network each would wait for the server's disk, and btrfs has checksums of its own.
 */
const TRIED: ReadonlySet<number> = new Set([0xef53, 0x58465342]);

/** Bytes that are given to the disk at once: half a millisecond of a fast one, for which anybody else has to wait. */
const STEP = 262_144;

/**
 * A second way to write a file that is open already: straight to the disk, past the system's cache.
 *
 * A large new file in the cache makes others wait. On a journaling file system such as ext4 the sync of one small file, such
 * as a commit of a database, waits for what all new files have in the cache. Written directly it does not; nor does it push
 * out of memory what others use.
 *
 * Only a sync of the file makes what was written durable, as with any other write.
 */
export class DirectWrites {
  readonly #handle: FileHandle;
  #refused = false;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /**
   * @param path A file that is there.
   * @returns undefined where that is not possible, or was never tried: on other systems than Linux, and on other file systems than ext4 and XFS.
   */
  static async open(path: string): Promise<DirectWrites | undefined> {
    const { O_DIRECT } = constants as { readonly O_DIRECT?: number };
    if (process.platform !== 'linux' || O_DIRECT === undefined) return undefined;
    try {
      if (!TRIED.has((await statfs(path)).type)) return undefined;
      return new DirectWrites(await open(path, constants.O_WRONLY + O_DIRECT));
    } catch {
      // The file is written all the same: whatever is wrong with it is said there.
      return undefined;
    }
  }

  /**
   * Writes all of `bytes` at `position`, if they are of `AlignedBuffers`. Several writes may be under way.
   *
   * @returns false if it has to be written in the ordinary way: perhaps a part of it was written already.
   * @throws what the disk says.
   */
  async write(bytes: Uint8Array, position: number): Promise<boolean> {
    if (this.#refused || !isAligned(bytes, position)) return false;
    try {
      for (let start = 0; start < bytes.length; start += STEP) {
        const length = Math.min(STEP, bytes.length - start);
        const { bytesWritten } = await this.#handle.write(bytes, start, length, position + start);
        // A disk that is nearly full takes a part: the ordinary way says the rest.
        if (bytesWritten < length) return false;
      }
      return true;
    } catch (error) {
      // A disk with larger blocks, or a way of storing files that has no such writes.
      if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
      this.#refused = true;
      return false;
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
