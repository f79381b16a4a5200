import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Whether {@link preloadLibrary} can build here. */
export function canPreload(): boolean {
  return process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0;
}

/**
 * A library for LD_PRELOAD, which stands in front of libc. Built in `folder` when it is asked for first.
 *
 * @param source In C.
 * @throws Error if there is no C compiler.
 */
export function preloadLibrary(folder: string, name: string, source: string): string {
  const path = join(folder, `quackup-${name}-${process.pid}.so`);
  if (existsSync(path)) return path;
  writeFileSync(`${path}.c`, source);
  const { status, stderr, error } = spawnSync(
    'cc',
    ['-shared', '-fPIC', '-O1', '-o', `${path}.new`, `${path}.c`, '-ldl'],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`the library ${name} needs a C compiler: ${error?.message ?? stderr}`);
  renameSync(`${path}.new`, path);
  return path;
}
