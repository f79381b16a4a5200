import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own in memory. */
export class SmallDisk implements Disposable {
  readonly path: string;

  /** Mounts it at `path`, which is made. @throws Error if the system does not allow it. */
  constructor(path: string, bytes: number) {
    mkdirSync(path, { recursive: true });
    run('mount', '-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path);
    this.path = path;
  }

  /** From now on nobody can write to it, not even root. */
  makeReadOnly(): void {
    run('mount', '-o', 'remount,ro', this.path);
  }

  [Symbol.dispose](): void {
    run('umount', this.path);
  }
}

function run(command: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
}

/** Why no file system can be mounted here; undefined if one can. */
export function whyNoSmallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'quackup-e2e-'));
  try {
    using _disk = new SmallDisk(join(folder, 'disk'), 65_536);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
