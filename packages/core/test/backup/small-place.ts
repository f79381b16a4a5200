import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { type StorageTarget, TargetError } from '@quackup/target-api';
import { type Fault, FaultyTarget, MemoryStore, MemoryTarget } from '@quackup/target-testkit';

import type { Clock, DatabaseSource, NamedTarget, TargetLimits } from '../../src/index.ts';
import { runSql, tempFolder } from '../make-database.ts';

/**
 * Short on purpose, and safe all the same: the targets in memory answer without ever giving the event loop back, so no
 * timer can fire while one of them works.
 */
export const QUICK: TargetLimits = { stallMs: 10, attempts: 3, retryMs: 0 };

export const named = (target: StorageTarget, name = 'memory'): NamedTarget => ({
  name,
  target,
  limits: QUICK,
});

/** A database of a few blocks, with a WAL. */
export function smallDatabase(): Disposable & { readonly source: DatabaseSource; readonly folder: string } {
  const folder = tempFolder();
  const path = join(folder.path, 'small.duckdb');
  runSql(
    join(folder.path, 'maker.duckdb'),
    `ATTACH '${path}' AS small (BLOCK_SIZE 16384)`,
    'CREATE TABLE small.t AS SELECT i, md5(i::VARCHAR) AS s FROM range(3000) r(i)',
    'CHECKPOINT small',
    "INSERT INTO small.t VALUES (-1, 'only in the WAL')",
  );
  return {
    folder: folder.path,
    source: { name: 'small.duckdb', path },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** A day of January 2026, and minutes after its beginning. */
export const at = (day: number, minutes = 0): Clock => ({
  now: () => new Date(Date.UTC(2026, 0, day, 0, minutes)),
});

export function copyOf(store: MemoryStore): MemoryStore {
  const copy = new MemoryStore();
  for (const [key, bytes] of store.objects) copy.set(key, bytes);
  return copy;
}

/** All files of a folder with their contents; empty if there is no such folder. */
export function filesIn(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  const names = readdirSync(folder).toSorted();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name)).toString('base64')]));
}

const DENIED = new TargetError('ACCESS_DENIED', 'no entry');

/** Ways in which a call is disturbed. `recovers`: what core must get over without anybody noticing. */
export const FAULTS: readonly { readonly name: string; readonly fault: Omit<Fault, 'call'> }[] = [
  { name: 'fails once', fault: { kind: 'fail' } },
  { name: 'is the last one that the target answers', fault: { kind: 'fail', times: Infinity } },
  { name: 'is denied', fault: { kind: 'fail', error: DENIED } },
  { name: 'throws what no target may throw', fault: { kind: 'fail', error: new Error('unforeseen') } },
  { name: 'is done, but its answer is lost', fault: { kind: 'fail-after' } },
  { name: 'is done, and an error that is final comes', fault: { kind: 'fail-after', error: DENIED } },
  { name: 'hangs', fault: { kind: 'hang' } },
  { name: 'hangs like all that follow', fault: { kind: 'hang', times: Infinity } },
  { name: 'is cut off', fault: { kind: 'cut' } },
  { name: 'stands still in the middle', fault: { kind: 'stall' } },
];

/** Runs `work` once for every call that it makes undisturbed, each time with the fault at that call. */
export async function atEveryCall(
  base: MemoryStore,
  fault: Omit<Fault, 'call'>,
  work: (target: FaultyTarget, store: MemoryStore, what: string) => Promise<void>,
  undisturbed: (target: StorageTarget) => Promise<unknown>,
): Promise<number> {
  const clean = new FaultyTarget(new MemoryTarget({ store: copyOf(base) }));
  await undisturbed(clean);
  for (const [index, { operation, key }] of clean.calls.entries()) {
    const store = copyOf(base);
    const target = new FaultyTarget(new MemoryTarget({ store }), [{ ...fault, call: index + 1 }]);
    await work(target, store, `call ${index + 1}, ${operation} of ${key}`);
  }
  return clean.calls.length;
}
