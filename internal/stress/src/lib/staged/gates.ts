/**
 * Gates in the way of a process that writes: a library in front of libc that lets one of its threads stand still in front of a
 * write or a sync until it is told to go on, or to fail. So a moment of microseconds inside DuckDB lasts as long as a story
 * needs it, while its other threads go on.
 *
 * A gate is a file in a folder that both sides look at: `gate-<n>` what to stop; the library renames it to `reached-<n>` and
 * waits for `go-<n>`, which holds an errno to fail with, or 0.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { preloadLibrary } from '../preload.ts';

const SOURCE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
static int read_text(const char *path, char *text, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t length = read(fd, text, size - 1);
  close(fd);
  if (length <= 0) return 0;
  text[length] = 0;
  return 1;
}
static int name_ends_with(int fd, const char *ending) {
  char link[32], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path);
  ssize_t tail = (ssize_t)strlen(ending);
  return length >= tail && memcmp(path + length - tail, ending, (size_t)tail) == 0;
}
static int stop_at_gate(const char *call, int fd, long long offset) {
  const char *folder = getenv("GATES");
  char gate[512], reached[512], go[512], text[256], wanted[32], ending[64];
  long long from, to;
  if (!folder) return 0;
  snprintf(gate, sizeof gate, "%s/gate", folder);
  if (!read_text(gate, text, sizeof text)) return 0;
  if (sscanf(text, "%31s %63s %lld %lld", wanted, ending, &from, &to) != 4) return 0;
  if (strcmp(wanted, call) != 0 || offset < from || offset >= to || !name_ends_with(fd, ending)) return 0;
  snprintf(reached, sizeof reached, "%s/reached", folder);
  if (rename(gate, reached) != 0) return 0;
  snprintf(go, sizeof go, "%s/go", folder);
  while (!read_text(go, text, sizeof text)) usleep(500);
  unlink(go);
  unlink(reached);
  return atoi(text);
}
#define REAL(name) static __typeof__(name) *real; if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
#define GATE(call, fd, offset) do { int failure = stop_at_gate(call, fd, offset); if (failure) { errno = failure; return -1; } } while (0)
int fsync(int fd) { REAL(fsync); GATE("sync", fd, 0); return real(fd); }
int fdatasync(int fd) { REAL(fdatasync); GATE("sync", fd, 0); return real(fd); }
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
  REAL(pwrite);
  GATE("write", fd, offset);
  return real(fd, bytes, count, offset);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t offset) {
  REAL(pwrite64);
  GATE("write", fd, offset);
  return real(fd, bytes, count, offset);
}
`;

/** What is stopped: the first such call after the gate was put up. */
export type GateAt =
  | { readonly call: 'sync'; readonly ending: string }
  /** `from` and `to` are offsets in the file; `to` does not belong to it. */
  | { readonly call: 'write'; readonly ending: string; readonly from: number; readonly to: number };

const REACH_MS = 60_000;
const LOOK_MS = 2;

export class Gates {
  readonly #folder: string;
  /** For the process that is to be stopped. */
  readonly env: Readonly<Record<string, string>>;

  /** @param folder An empty one, for the gates and the library. */
  constructor(folder: string) {
    this.#folder = folder;
    this.env = { GATES: folder, LD_PRELOAD: preloadLibrary(folder, 'gates', SOURCE) };
  }

  /** Puts up a gate. There is one at a time. */
  putUp(at: GateAt): void {
    const [from, to] = at.call === 'write' ? [at.from, at.to] : [0, 1];
    this.#write('gate', `${at.call} ${at.ending} ${from} ${to}`);
  }

  /** Waits until a thread stands in front of it. @throws Error if none comes within a minute. */
  async reached(): Promise<void> {
    const endMs = performance.now() + REACH_MS;
    while (!this.#isThere('reached')) {
      if (performance.now() > endMs) throw new Error('nobody came to the gate');
      await sleep(LOOK_MS);
    }
  }

  /** Lets it go on. @param errno What its call fails with; absent: it is made. */
  open(errno = 0): void {
    this.#write('go', String(errno));
  }

  #write(name: string, text: string): void {
    const path = join(this.#folder, name);
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  }

  #isThere(name: string): boolean {
    try {
      readFileSync(join(this.#folder, name));
      return true;
    } catch {
      return false;
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
