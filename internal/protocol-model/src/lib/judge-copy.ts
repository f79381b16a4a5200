/**
 * Whether a copy is right: recovered as DuckDB would (load what the header refers to, replay the WAL's commits) it must
 * be the database as it was after some commit, and not before the last one that was acknowledged when the copy began.
 */
import { blank, bulkRows, describeContent, hasMetaOf, tableAt } from './content.ts';
import * as S from './state.ts';
import { at, bit, KIND, type State } from './state.ts';

/** Block `block` of the copy as it would be written: what the pass did not copy is a hole. */
export function copied(state: State, block: number): number {
  return (at(state, S.R_HAVE) & bit(block)) === 0 ? blank : at(state, S.COPY + block);
}

/** What is wrong with the copy; undefined if nothing is. */
export function judgeCopy(state: State): string | undefined {
  const header = at(state, S.R_HEADER);
  const { tables, meta, bulks, base } = S.readRoot(state, header);
  for (const block of meta) {
    if (block !== S.NO_BLOCK && !hasMetaOf(copied(state, block), header)) {
      return wrong(state, block, `metadata of header ${header}`);
    }
  }
  for (const table of [0, 1] as const) {
    const expected = tableAt(state, table, base);
    if (copied(state, tables[table]) !== expected)
      return wrong(state, tables[table], describeContent(expected));
  }
  for (const bulk of [0, 1] as const) {
    if (bulks[bulk] !== S.NO_BLOCK && copied(state, bulks[bulk]) !== bulkRows(state, bulk)) {
      return wrong(state, bulks[bulk], describeContent(bulkRows(state, bulk)));
    }
  }
  return judgeWal(state, base);
}

function judgeWal(state: State, base: number): string | undefined {
  const from = at(state, S.R_WAL_FROM);
  const to = at(state, S.R_WAL_TO);
  const lower = at(state, S.R_LOWER);
  if (from !== 0 && from <= base) return `the WAL has commit ${from}, which the header has already`;
  if (from !== 0 && from > base + 1) return `commit ${base + 1} is missing between the header and the WAL`;
  if (from === 0) return base < lower ? missing(lower) : undefined;
  for (let k = from; k <= to; k += 1) {
    const bulk = at(state, KIND + k) - 3;
    if (bulk < 0) continue;
    const block = at(state, S.BULK_BLOCK + bulk);
    if (copied(state, block) !== bulkRows(state, bulk))
      return wrong(state, block, describeContent(bulkRows(state, bulk)));
  }
  return to < lower ? missing(lower) : undefined;
}

const missing = (commit: number): string =>
  `commit ${commit} was acknowledged before the copy began and is missing`;

function wrong(state: State, block: number, expected: string): string {
  const has = copied(state, block);
  return `block ${block} of the copy should be ${expected} and is ${has === blank ? 'missing' : describeContent(has)}`;
}
