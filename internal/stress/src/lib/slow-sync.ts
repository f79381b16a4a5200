/**
 * A slow disk for one process: a library in front of libc whose fsync and fdatasync take longer. Between the moment at which a
 * checkpoint frees blocks and its header DuckDB waits for an fsync, so this makes the windows wide that a copy must not miss.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SOURCE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
static void wait_a_little(void) {
  const char *ms = getenv("SLOW_SYNC_MS");
  if (ms) usleep((useconds_t)atoi(ms) * 1000);
}
int fsync(int fd) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  wait_a_little();
  return real(fd);
}
int fdatasync(int fd) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  wait_a_little();
  return real(fd);
}
`;

/** Whether {@link slowSyncLibrary} can be built here. */
export function canSlowSync(): boolean {
  return process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0;
}

/**
 * The library for LD_PRELOAD; it reads the milliseconds from SLOW_SYNC_MS. Built in `folder` when it is asked for first.
 *
 * @throws Error if there is no C compiler.
 */
export function slowSyncLibrary(folder: string): string {
  const path = join(folder, `quackup-slow-sync-${process.pid}.so`);
  if (existsSync(path)) return path;
  const source = `${path}.c`;
  writeFileSync(source, SOURCE);
  const { status, stderr, error } = spawnSync(
    'cc',
    ['-shared', '-fPIC', '-O1', '-o', `${path}.new`, source, '-ldl'],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`a slow disk needs a C compiler: ${error?.message ?? stderr}`);
  renameSync(`${path}.new`, path);
  return path;
}
