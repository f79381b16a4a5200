/**
 * A slow disk for one process: a library in front of libc whose fsync and fdatasync take longer, and whose large writes stand
 * still when half of them is there. Between the moment at which a checkpoint frees blocks and its header DuckDB waits for
 * an fsync, so this makes the windows wide that a copy must not miss, and half-written blocks easy to meet.
 */
import { preloadLibrary } from './preload.ts';

/** Smaller than the smallest block, larger than a header. */
const LARGE_WRITE = 8192;

const SOURCE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
static void wait_for(const char *name) {
  const char *ms = getenv(name);
  if (ms && atoi(ms) > 0) usleep((useconds_t)atoi(ms) * 1000);
}
static void wait_for_sync(int fd) {
  const char *ending = getenv("SLOW_SYNC_ENDING");
  if (ending) {
    char link[32], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path);
    ssize_t tail = (ssize_t)strlen(ending);
    if (length < tail || memcmp(path + length - tail, ending, (size_t)tail) != 0) return;
  }
  wait_for("SLOW_SYNC_MS");
}
typedef ssize_t (*write_at)(int, const void *, size_t, off_t);
static ssize_t in_halves(write_at real, int fd, const void *bytes, size_t count, off_t offset) {
  const char *ms = getenv("SLOW_WRITE_MS");
  if (!ms || count < ${LARGE_WRITE}) return real(fd, bytes, count, offset);
  size_t half = count / 2;
  ssize_t written = real(fd, bytes, half, offset);
  if (written != (ssize_t)half) return written;
  wait_for("SLOW_WRITE_MS");
  ssize_t rest = real(fd, (const char *)bytes + half, count - half, offset + (off_t)half);
  return rest < 0 ? written : written + rest;
}
#define REAL(name) static __typeof__(name) *real; if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
int fsync(int fd) {
  REAL(fsync);
  wait_for_sync(fd);
  return real(fd);
}
int fdatasync(int fd) {
  REAL(fdatasync);
  wait_for_sync(fd);
  return real(fd);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
  REAL(pwrite);
  return in_halves(real, fd, bytes, count, offset);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t offset) {
  REAL(pwrite64);
  return in_halves((write_at)real, fd, bytes, count, offset);
}
`;

/**
 * The library for LD_PRELOAD; it reads SLOW_SYNC_MS (of files whose name ends with SLOW_SYNC_ENDING, if
 * that is set) and SLOW_WRITE_MS. Built in `folder` when it is asked for first.
 *
 * @throws Error if there is no C compiler.
 */
export const slowDiskLibrary = (folder: string): string => preloadLibrary(folder, 'slow-disk', SOURCE);
