import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { SYSTEM_ENV, whyNoPrograms } from '@quackup/fixtures';

export type FileSystemType = 'btrfs' | 'ext4' | 'xfs';

/** XFS wants 300 MB at least; nearly all of it stays a hole. */
const BYTES = 768 * 1024 * 1024;

/** A file system of its own in a file, mounted by a loop device. Btrfs and XFS can clone files. */
export class LoopDisk implements Disposable {
  readonly path: string;
  readonly #image: string;

  /** @throws Error if the system does not allow it, or has no mkfs for it. */
  constructor(folder: string, type: FileSystemType, bytes: number = BYTES) {
    this.path = join(folder, type);
    this.#image = join(folder, `${type}.img`);
    mkdirSync(this.path, { recursive: true });
    writeFileSync(this.#image, '');
    truncateSync(this.#image, bytes);
    run(`mkfs.${type}`, '-q', this.#image);
    run('mount', '-o', 'loop', this.#image, this.path);
  }

  [Symbol.dispose](): void {
    run('umount', this.path);
    rmSync(this.#image);
  }
}

function run(command: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', env: SYSTEM_ENV });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
}

/**
 * Why no such file system can be mounted here; undefined if one can.
 *
 * @throws Error if the program that makes it is missing where it has to be: in CI.
 */
export function whyNoLoopDisk(type: FileSystemType): string | undefined {
  const missing = whyNoPrograms(`mkfs.${type}`);
  if (missing !== undefined) return missing;
  const folder = mkdtempSync(join(tmpdir(), 'quackup-e2e-'));
  try {
    using _disk = new LoopDisk(folder, type);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
