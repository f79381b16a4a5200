import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, getPriority } from 'node:os';
import { join } from 'node:path';

import { MemoryTarget } from '@quackup/target-testkit';
import { describe, expect, test } from 'vitest';

import { createBackup } from '../../src/index.ts';
import { defaultThreads, ThreadPool } from '../../src/lib/process/thread-pool.ts';
import { runSql, tempFolder } from '../make-database.ts';
import { Holder } from '../snapshot/holder.ts';

const SCRIPT = new URL('child/nice-worker.ts', import.meta.url);
const LOWEST = 19;

/** The nice values of all threads of this process, one for each. */
function niceValues(): number[] {
  return readdirSync('/proc/self/task').map((thread) => {
    try {
      const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'latin1');
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
    } catch {
      // It has ended meanwhile.
      return getPriority();
    }
  });
}

test('there is a thread for each core, and one core is left free if they are gentle', () => {
  const cores = [1, 2, 4, 8, 9, 64];
  expect(cores.map((each) => defaultThreads(each, false))).toEqual([1, 2, 4, 8, 8, 8]);
  expect(cores.map((each) => defaultThreads(each, true))).toEqual([1, 1, 3, 7, 8, 8]);
});

describe.runIf(process.platform === 'linux')('threads', () => {
  test('have the priority of the process, or the lowest if they are gentle; nothing else changes its own', async () => {
    const before = getPriority();
    await using plain = new ThreadPool<number, number>(SCRIPT, { threads: 2 });
    await using gentle = new ThreadPool<number, number>(SCRIPT, { threads: 2, gentle: true });
    const tasks = [0, 0, 0, 0];
    expect(new Set(await Promise.all(tasks.map((ms) => plain.run(ms))))).toEqual(new Set([before]));
    expect(new Set(await Promise.all(tasks.map((ms) => gentle.run(ms))))).toEqual(new Set([LOWEST]));
    expect(getPriority()).toBe(before);
  });

  test('leave a core free if they are gentle, unless they are told how many they are', async () => {
    const cores = availableParallelism();
    await using pool = new ThreadPool<number, number>(SCRIPT, { gentle: true });
    // As many tasks as two for each core: every thread has answered, so each has its priority.
    await Promise.all(Array.from({ length: 2 * cores }, () => pool.run(20)));
    expect(niceValues().filter((each) => each === LOWEST)).toHaveLength(defaultThreads(cores, true));
  });

  test('that starve are given nothing more, and ordinary ones take their place', async () => {
    await using pool = new ThreadPool<number, number>(SCRIPT, { threads: 2, gentle: true, starvedMs: 200 });
    const starving = pool.run(1000);
    // They are replaced sooner or later; from then on no task goes to one of them.
    while ((await pool.run(20)) !== getPriority());
    for (let n = 0; n < 8; n += 1) expect(await pool.run(0)).toBe(getPriority());
    // What they had been given is done all the same.
    expect([LOWEST, getPriority()]).toContain(await starving);
  });

  test('are gentle in a backup of a database in use, and only there', async () => {
    using folder = tempFolder();
    const path = join(folder.path, 'a.duckdb');
    runSql(
      ':memory:',
      `ATTACH '${path}' AS small (BLOCK_SIZE 16384)`,
      'CREATE TABLE small.t AS SELECT i, md5(i::VARCHAR) AS s FROM range(200000) r(i)',
      'CHECKPOINT small',
    );
    const backUp = async (): Promise<Set<number>> => {
      const seen = new Set<number>();
      await createBackup({
        databases: [{ name: 'a', path }],
        targets: [{ name: 'memory', target: new MemoryTarget() }],
        onProgress: () => {
          for (const value of niceValues()) seen.add(value);
        },
      });
      return seen;
    };
    expect(await backUp()).not.toContain(LOWEST);
    await using _holder = await Holder.open(path);
    expect(await backUp()).toContain(LOWEST);
  });
});
