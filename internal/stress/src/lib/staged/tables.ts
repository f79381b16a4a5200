/**
 * What every committed state of a story's database satisfies:
 *
 *     t   rows i, whose h is a hash of i and round; the even ones are all of one round, which an update changes; every
 *         seventh may have been deleted, all of them or none
 *     l   loads, each whole
 *     c   a row for each commit that is counted
 *
 * h is a column that does not compress, so each table takes several blocks, and a block of another moment shows.
 */
import type { Actor } from './actor.ts';

export const ROWS = 300_000;
/** Several row groups, so that they are written ahead of the commit; more blocks than an update of t sets free. */
export const LOAD_ROWS = 1_000_000;

const HASH = (round: string): string => `hash((i * 1000 + ${round})::BIGINT)`;

export const makeTables = (rows: number): readonly string[] => [
  `CREATE TABLE t AS SELECT i::INTEGER AS i, 0 AS round, ${HASH('0')} AS h FROM range(${rows}) r(i)`,
  'CREATE TABLE l (load INTEGER, i INTEGER, h UBIGINT)',
  'CREATE TABLE c (n INTEGER)',
  'CHECKPOINT',
  // Checkpoints come when the story says so.
  "SET checkpoint_threshold = '1GB'",
];

export const update = (round: number): string =>
  `UPDATE t SET round = ${round}, h = ${HASH(String(round))} WHERE i % 2 = 0`;

export const load = (n: number): string =>
  `INSERT INTO l SELECT ${n}, i, ${HASH(String(n))} FROM range(${LOAD_ROWS}) r(i)`;

export const DELETE_SEVENTHS = 'DELETE FROM t WHERE i % 7 = 0';

/** What the counted commits of a copy have to do with those of its database. */
export interface Commits {
  /** Had returned before the copy began. */
  readonly before: readonly number[];
  /** Have been taken back. */
  readonly failed: readonly number[];
}

/** @returns what does not go together in the database that `actor` has open; empty: nothing. */
export async function checkTables(actor: Actor, rows: number, commits: Commits): Promise<string[]> {
  const wrong: string[] = [];
  const value = async (sql: string): Promise<string> => (await actor.sql('check', sql))[0]?.[0] ?? '';
  const isTrue = async (what: string, sql: string): Promise<void> => {
    if ((await value(sql)) !== 'true') wrong.push(what);
  };
  const sevenths = Math.ceil(rows / 7);
  await isTrue('rows of t are missing', `SELECT count(*) IN (${rows}, ${rows - sevenths}) FROM t`);
  await isTrue('rows of t are of another moment', `SELECT bool_and(h = ${HASH('round')}) FROM t`);
  await isTrue('an update is there in part', 'SELECT count(DISTINCT round) = 1 FROM t WHERE i % 2 = 0');
  await isTrue(
    'a load is there in part',
    `SELECT coalesce(bool_and(whole), true) FROM
       (SELECT count(*) = ${LOAD_ROWS} AND bool_and(h = ${HASH('load')}) AS whole FROM l GROUP BY load)`,
  );
  const found = new Set((await actor.sql('check', 'SELECT n FROM c')).map(([n]) => Number(n)));
  for (const n of commits.before) if (!found.has(n)) wrong.push(`commit ${n} is lost`);
  for (const n of commits.failed) if (found.has(n)) wrong.push(`commit ${n} is there, which failed`);
  return wrong;
}
