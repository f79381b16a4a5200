/**
 * Random histories of a database and its backups: whatever is done to it, every backup restores what the database was.
 * QUACKUP_SEQUENCES says how many, QUACKUP_SEED where the random numbers begin.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { cleanupBackups, createBackup, listBackups, restoreBackup, verifyBackup } from '../../src/index.ts';
import { tempFolder } from '../make-database.ts';
import { at, named } from './small-place.ts';
import { SqlSession } from './sql-session.ts';

const SEQUENCES = Number(process.env['QUACKUP_SEQUENCES'] ?? 8);
const SEED = Number(process.env['QUACKUP_SEED'] ?? 20_260_101);

type Step =
  | { readonly do: 'sql'; readonly sql: string }
  | { readonly do: 'close' }
  | { readonly do: 'backup'; readonly full: boolean }
  | { readonly do: 'cleanup'; readonly keepLast: number };

const sql = (text: string): Step => ({ do: 'sql', sql: text });
const part = fc.record({ of: fc.integer({ min: 1, max: 400 }), rest: fc.nat(400) });
/** Rows that lie together, or all over the table. */
const where = fc.oneof(
  part.map(({ of, rest }) => `WHERE i % ${of} = ${rest % of}`),
  part.map(({ of, rest }) => `WHERE i BETWEEN ${rest * 30} AND ${rest * 30 + of}`),
);

/** Everything that changes the table. Columns a, b and c are of one type, so that they can change places. */
const change: fc.Arbitrary<Step> = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1, max: 4000 }), fc.nat(1_000_000))
    .map(([rows, first]) =>
      sql(
        `INSERT INTO t BY NAME SELECT i + ${first} AS i, hash(i) AS a, hash(i + 1) AS b, hash(i + 2) AS c FROM range(${rows}) r(i)`,
      ),
    ),
  where.map((rows) => sql(`UPDATE t SET a = b, b = a ${rows}`)),
  where.map((rows) => sql(`UPDATE t SET a = b, b = c, c = a ${rows}`)),
  fc.constant(sql('UPDATE t SET a = b, b = c, c = a')),
  fc.tuple(where, fc.nat(1000)).map(([rows, salt]) => sql(`UPDATE t SET a = hash(a + ${salt}) ${rows}`)),
  where.map((rows) => sql(`DELETE FROM t ${rows}`)),
  fc
    .nat(3)
    .map((name) =>
      sql(`CREATE OR REPLACE TABLE u${name} AS SELECT a, b FROM t USING SAMPLE 10% (system, ${name})`),
    ),
  fc.nat(3).map((name) => sql(`DROP TABLE IF EXISTS u${name}`)),
  fc.nat(2).map((name) => sql(`ALTER TABLE t ADD COLUMN IF NOT EXISTS x${name} INTEGER DEFAULT ${name}`)),
  fc.nat(2).map((name) => sql(`ALTER TABLE t DROP COLUMN IF EXISTS x${name}`)),
  fc.constant(sql('CREATE OR REPLACE VIEW v AS SELECT count(*) AS n FROM t')),
  fc.constant(sql('BEGIN; UPDATE t SET a = 0; ROLLBACK')),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: change },
  { weight: 4, arbitrary: fc.constant(sql('CHECKPOINT')) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'close' }) },
  { weight: 6, arbitrary: fc.constant<Step>({ do: 'backup', full: false }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'backup', full: true }) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 4 }).map((keepLast): Step => ({ do: 'cleanup', keepLast })),
  },
);

/** Plays one history. @returns kinds of the backups that were made. */
async function play(steps: readonly Step[], session: SqlSession): Promise<readonly string[]> {
  using folder = tempFolder();
  const path = join(folder.path, 'data.duckdb');
  const target = named(new MemoryTarget({ store: new MemoryStore() }));
  const expected = new Map<string, string>();
  const kinds: string[] = [];
  await session.run(
    path,
    "SET checkpoint_threshold = '1GB'",
    'CREATE TABLE t AS SELECT i, hash(i) AS a, hash(i + 7) AS b, hash(i + 9) AS c FROM range(12000) r(i)',
    'CHECKPOINT',
  );
  const check = async (): Promise<void> => {
    for (const { name, damaged } of await listBackups(target)) {
      expect(damaged, name).toBeUndefined();
      expect((await verifyBackup(target, name, { level: 'blocks' })).problems, name).toEqual([]);
      const restoreDir = join(folder.path, name);
      await restoreBackup(target, name, { restoreDir });
      expect(await session.contentOf(join(restoreDir, 'data.duckdb')), name).toBe(expected.get(name));
      await session.close();
      rmSync(restoreDir, { recursive: true });
    }
  };
  let day = 1;
  for (const next of [...steps, { do: 'backup', full: false } as const]) {
    if (next.do === 'sql') await session.run(path, next.sql);
    else if (next.do === 'close') await session.close();
    else if (next.do === 'cleanup') {
      await cleanupBackups(target, { policy: { keepLast: next.keepLast }, clock: at(day, 30) });
      await check();
    } else {
      day += 1;
      const content = await session.contentOf(path);
      const report = await createBackup({
        databases: [{ name: 'data.duckdb', path }],
        targets: [target],
        clock: at(day),
        full: next.full,
        tempDir: folder.path,
      });
      expected.set(report.backup, content);
      kinds.push(report.kind);
    }
  }
  await session.close();
  await check();
  return kinds;
}

test(
  'after any history, every backup restores what the database was',
  async () => {
    await using session = new SqlSession();
    const kinds = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
        for (const kind of await play(steps, session)) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      }),
      { numRuns: SEQUENCES, seed: SEED, endOnFailure: true },
    );
    console.info(
      `${SEQUENCES} histories: ${[...kinds].map(([kind, count]) => `${count} ${kind}`).join(', ')}`,
    );
    expect(kinds.get('incremental') ?? 0).toBeGreaterThan(SEQUENCES / 2);
  },
  SEQUENCES * 20_000,
);
