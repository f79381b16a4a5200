import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import { MemoryTarget } from '@quackup/target-testkit';
import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';

import { createBackup, snapshot } from '../../src/index.ts';
import { allowedCpus, cpusToKeep, leaveCpu, parseCpuList } from '../../src/lib/process/leave-cpu.ts';
import { makeDatabase, tempFolder } from '../make-database.ts';
import { Holder } from '../snapshot/holder.ts';

const all = await allowedCpus();
const canLeave =
  process.platform === 'linux' &&
  all.length > 1 &&
  (process.env.QUACKUP_TOOLS === 'required' || spawnSync('taskset', ['-V']).error === undefined);

/** What each thread of this process may use; most often all the same. */
function cpusOfThreads(): string[] {
  const lists = readdirSync('/proc/self/task').flatMap((thread) => {
    try {
      const status = readFileSync(`/proc/self/task/${thread}/status`, 'latin1');
      return [/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? ''];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
  return [...new Set(lists)];
}

const countOf = (list: string | undefined): number => parseCpuList(list ?? '').length;

const PATH = process.env.PATH ?? '';
afterEach(() => {
  process.env.PATH = PATH;
});

/** A `taskset` that writes down what it is asked for, and does it. */
function watchTaskset(folder: string): () => string[] {
  const log = join(folder, 'taskset.log');
  const shim = join(folder, 'taskset');
  writeFileSync(log, '');
  writeFileSync(shim, `#!/bin/sh\necho "$@" >> '${log}'\nPATH='${PATH}' exec taskset "$@"\n`);
  chmodSync(shim, 0o755);
  process.env.PATH = `${folder}:${PATH}`;
  return () => readFileSync(log, 'utf8').split('\n').filter(Boolean);
}

test('lists of processors are read as the kernel writes them', () => {
  expect(parseCpuList('0')).toEqual([0]);
  expect(parseCpuList('0-1')).toEqual([0, 1]);
  expect(parseCpuList('0-2,5,8-9')).toEqual([0, 1, 2, 5, 8, 9]);
  expect(parseCpuList('')).toEqual([]);
});

test('some of the processors are kept, never all if there is more than one, and at least one', () => {
  const lists = fc.uniqueArray(fc.nat(255), { minLength: 1, maxLength: 64 });
  fc.assert(
    fc.property(lists, fc.option(fc.integer({ min: 1, max: 64 }), { nil: Infinity }), (allowed, atMost) => {
      const kept = cpusToKeep(allowed, atMost);
      expect(new Set(kept).size).toBe(kept.length);
      for (const cpu of kept) expect(allowed).toContain(cpu);
      expect(kept).toHaveLength(Math.max(1, Math.min(allowed.length - 1, atMost)));
    }),
  );
  expect(cpusToKeep([], 1)).toEqual([]);
});

describe.runIf(canLeave)('a process', () => {
  test('is kept off one processor with all its threads, old and new, and has it back afterwards', async () => {
    const before = cpusOfThreads();
    const script = 'setInterval(() => {}, 1000); require("node:worker_threads").parentPort.postMessage(0)';
    const start = async (): Promise<Worker> => {
      const worker = new Worker(script, { eval: true });
      await new Promise((resolve) => worker.once('message', resolve));
      return worker;
    };
    const old = await start();
    const held = await leaveCpu();
    const during = cpusOfThreads();
    expect(during).toHaveLength(1);
    expect(countOf(during[0])).toBe(all.length - 1);
    const young = await start();
    expect(cpusOfThreads()).toEqual(during);
    await held[Symbol.asyncDispose]();
    expect(cpusOfThreads()).toEqual(before);
    await Promise.all([old.terminate(), young.terminate()]);
  });

  test('has it back when the last of several holders is gone, in whatever order they come and go', async () => {
    const before = cpusOfThreads();
    const [first, second] = await Promise.all([leaveCpu(1), leaveCpu()]);
    const during = cpusOfThreads();
    expect(during.map(countOf)).toEqual([1]);
    const gone = first[Symbol.asyncDispose]();
    const third = await leaveCpu();
    await gone;
    expect(cpusOfThreads()).toEqual(during);
    await Promise.all([third[Symbol.asyncDispose](), second[Symbol.asyncDispose]()]);
    expect(cpusOfThreads()).toEqual(before);
    await using _again = await leaveCpu(1);
    expect(cpusOfThreads().map(countOf)).toEqual([1]);
  });

  test('has it back also with threads that begin and end meanwhile', async () => {
    const before = cpusOfThreads();
    const over = new AbortController();
    const churn = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const workers = Array.from({ length: 6 }, () => new Worker('0', { eval: true }));
        await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve))));
      }
    };
    const churning = churn();
    try {
      for (let round = 0; round < 10; round += 1) {
        const held = await leaveCpu(1);
        expect(cpusOfThreads().map(countOf)).toEqual([1]);
        await held[Symbol.asyncDispose]();
        expect(cpusOfThreads()).toEqual(before);
      }
    } finally {
      over.abort();
      await churning;
    }
  });

  test('goes on as it is where there is no taskset', async () => {
    using empty = tempFolder();
    process.env.PATH = empty.path;
    const before = cpusOfThreads();
    const held = await leaveCpu();
    expect(cpusOfThreads()).toEqual(before);
    await held[Symbol.asyncDispose]();
    process.env.PATH = PATH;
    expect(cpusOfThreads()).toEqual(before);
  });

  test('leaves one while it backs up a database in use, if it is asked to, and at no other time', async () => {
    using folder = tempFolder();
    const path = join(folder.path, 'a.duckdb');
    makeDatabase(path);
    const backUp = async (options: { leaveCpu?: boolean; sameMoment?: boolean }): Promise<Set<number>> => {
      const seen = new Set<number>();
      await createBackup({
        databases: [{ name: 'a', path }],
        targets: [{ name: 'memory', target: new MemoryTarget() }],
        ...options,
        onProgress: ({ type }) => {
          if (type === 'task-advance') for (const list of cpusOfThreads()) seen.add(countOf(list));
        },
      });
      expect(cpusOfThreads().map(countOf)).toEqual([all.length]);
      return seen;
    };
    expect(await backUp({ leaveCpu: true })).toEqual(new Set([all.length]));
    await using _holder = await Holder.open(path);
    expect(await backUp({})).toEqual(new Set([all.length]));
    expect(await backUp({ leaveCpu: true })).toEqual(new Set([all.length - 1]));
    expect(await backUp({ leaveCpu: true, sameMoment: true })).toEqual(new Set([all.length - 1]));
  });

  test('that takes a snapshot of a database in use keeps its child to one, and itself as it is', async () => {
    using folder = tempFolder();
    const path = join(folder.path, 'a.duckdb');
    makeDatabase(path);
    const asked = watchTaskset(folder.path);
    const before = cpusOfThreads();
    await snapshot(path, { to: join(folder.path, 'at-rest') });
    expect(asked()).toEqual([]);
    await using _holder = await Holder.open(path);
    await snapshot(path, { to: join(folder.path, 'hot') });
    expect(asked()).toEqual([expect.stringMatching(/^-a -p -c \d+ \d+$/)]);
    expect(asked()).not.toEqual([expect.stringMatching(new RegExp(` ${process.pid}$`))]);
    expect(cpusOfThreads()).toEqual(before);
  });
});
