/**
 * The rules by which a copy is accepted as one state of the database. Each is a function of what was seen before the
 * first block was read and after the last one; docs/hot-copy.md argues why they are enough, duckdb-file knows the files.
 *
 * The order of looking matters and is the caller's promise: head, then WAL, then blocks, then WAL, then head.
 */
import { type DatabaseHead, isBlockValid, type WalSummary } from '@quackup/duckdb-file';

import { type DatabaseState, isSameDatabaseState } from './database-files.ts';

/** What was seen before any block was read. */
export interface StartOfPass {
  readonly head: DatabaseHead;
  readonly wal: WalSummary;
  /** Taken before everything else. */
  readonly state: DatabaseState;
}

/** What was seen after the last block had been read: first the WAL, then the head, then the state. */
export interface EndOfPass {
  readonly head: DatabaseHead;
  readonly wal: WalSummary;
  readonly samePrefix: boolean;
  readonly state: DatabaseState;
}

export type Rejection =
  | 'the header moved'
  | 'a checkpoint is running'
  | 'the WAL was replaced'
  | 'the WAL belongs to another state of the file'
  | 'the WAL cannot be read'
  | 'a block is being written'
  | 'it changed hands'
  | 'it does not come to rest';

export type Verdict =
  | { readonly verdict: 'accept' }
  /** Accept only if nothing is written for a while: the files alone do not prove it. */
  | { readonly verdict: 'if-quiet' }
  /** As `if-quiet`, and nobody may hold the database, and all four files are taken as they are. */
  | { readonly verdict: 'if-abandoned'; readonly reason: Rejection }
  | { readonly verdict: 'reject'; readonly reason: Rejection };

export const sameHead = (a: DatabaseHead, b: DatabaseHead): boolean => Buffer.from(a.bytes).equals(b.bytes);

/**
 * Since 1.5 a checkpoint puts a marker into the WAL before it touches a block, and goes on in `X.wal.checkpoint`. Older
 * versions write the marker at the end. A sidecar without a marker belongs to a recovery. All of this is also left
 * behind by a crash.
 */
export function showsCheckpoint(wal: WalSummary, state: DatabaseState): boolean {
  return (
    wal.checkpoint !== undefined ||
    state['wal.checkpoint'] !== undefined ||
    state['wal.recovery'] !== undefined
  );
}

/** Whether the WAL is in a form that we cannot follow: encrypted, unknown, or with a broken entry. */
export function isUnreadable(wal: WalSummary): boolean {
  return wal.state === 'bad-header' || wal.state === 'unsupported' || wal.state === 'bad-checksum';
}

/** A WAL names its database and iteration since storage version 67; older ones name nothing and fit anything. */
export function walFitsHead(wal: WalSummary, head: DatabaseHead): boolean {
  if (wal.databaseId !== undefined && wal.databaseId !== head.main.databaseId) return false;
  if (wal.iteration === undefined || head.layout.kind === 'opaque') return true;
  return wal.iteration === head.layout.active.iteration;
}

/** Whether the files can only be taken all four as they are, at rest: see `if-abandoned`. */
export function mustTakeAllFiles(
  { head, wal, state }: StartOfPass,
  rules: Rules = RULES,
): Rejection | undefined {
  if (rules.showsCheckpoint(wal, state)) return 'a checkpoint is running';
  // The WAL of an encrypted database is encrypted too: it is taken whole in any case, and must be quiet, held or not.
  if (isUnreadable(wal) && head.layout.kind !== 'opaque') return 'the WAL cannot be read';
  if (wal.commits > 0 && !walFitsHead(wal, head)) return 'the WAL belongs to another state of the file';
  return undefined;
}

/** Whether blocks that the header calls free may belong to the state: bulk commits only point to theirs from the WAL. */
export function needsFreeBlocks(start: StartOfPass): boolean {
  return start.wal.rowGroupDataEntries > 0 || mustTakeAllFiles(start) !== undefined;
}

/**
 * The rules that acceptance rests on, as one value. Everything takes {@link RULES} unless a test passes a set in which one
 * rule is dropped, to see that it is needed; nothing else may.
 */
export interface Rules {
  /** The head after the pass is the one from before it. */
  readonly headStayed: (start: DatabaseHead, end: DatabaseHead) => boolean;
  /** A checkpoint is running, or crashed. */
  readonly showsCheckpoint: (wal: WalSummary, state: DatabaseState) => boolean;
  /** What was captured of the WAL is still the beginning of the same file. */
  readonly walContinues: (end: EndOfPass) => boolean;
  /** The captured WAL held a commit, or one came meanwhile: see docs/hot-copy.md, rule 5. */
  readonly commitProves: (start: StartOfPass, end: EndOfPass) => boolean;
  /** A block was read whole. */
  readonly isWhole: (block: Uint8Array) => boolean;
  /** What was copied under iteration `before` may be good under `now`. */
  readonly followsDirectly: (before: bigint, now: bigint) => boolean;
  /**
   * A block is copy-on-write, so that a copy of it stays good: `metadata` blocks are written in place, and one that is not
   * `settled` may be one that was counted too late, and that nothing refers to yet: see block-trust.ts.
   */
  readonly isCopyOnWrite: (block: {
    readonly used: boolean;
    readonly metadata: boolean;
    readonly settled: boolean;
  }) => boolean;
  /** The beginning of a trusted block is still what was copied of it: digests of block-samples.ts. */
  readonly isAsCopied: (copied: bigint | undefined, now: bigint) => boolean;
  /** Blocks that the header calls free are copied too. */
  readonly needsFreeBlocks: (start: StartOfPass) => boolean;
}

export const RULES: Rules = {
  headStayed: sameHead,
  showsCheckpoint,
  walContinues: ({ samePrefix }) => samePrefix,
  // With a commit in the WAL a checkpoint cannot run without a marker: one that came meanwhile proves that none ran.
  commitProves: (start, end) => start.wal.commits > 0 || end.wal.commits > 0,
  isWhole: isBlockValid,
  followsDirectly: (before, now) => now === before + 1n,
  isCopyOnWrite: ({ used, metadata, settled }) => used && !metadata && settled,
  isAsCopied: (copied, now) => copied === now,
  needsFreeBlocks,
};

/** Judges a pass. */
export function judgePass(start: StartOfPass, end: EndOfPass, rules: Rules = RULES): Verdict {
  if (!rules.headStayed(start.head, end.head)) return { verdict: 'reject', reason: 'the header moved' };
  const allFiles = mustTakeAllFiles(start, rules);
  if (allFiles !== undefined) return { verdict: 'if-abandoned', reason: allFiles };
  if (rules.showsCheckpoint(end.wal, end.state)) {
    return { verdict: 'reject', reason: 'a checkpoint is running' };
  }
  if (start.head.layout.kind === 'opaque') return { verdict: 'if-quiet' };
  // Behind an entry that cannot be read there may be a marker.
  if (isUnreadable(end.wal)) return { verdict: 'reject', reason: 'the WAL cannot be read' };
  if (start.wal.commits > 0 && !rules.walContinues(end)) {
    return { verdict: 'reject', reason: 'the WAL was replaced' };
  }
  return rules.commitProves(start, end) ? { verdict: 'accept' } : { verdict: 'if-quiet' };
}

/** How long nothing may be written for a database to count as quiet, if somebody has it open. */
export const QUIET_MS = 1_000;
/** The same if nobody has: long enough for the coarsest clock of a local file system. */
export const QUIET_UNHELD_MS = 2_000;

/**
 * Whether the files have not been written since `start`, and not for a while before `nowMs` either: then what was read
 * in between is one state, and no checkpoint is in the middle of its work.
 *
 * @param watchedMs How long the files have been watched since `start`, by a clock that never jumps.
 * @param held Whether somebody has the database open, or it cannot be known.
 */
export function isQuiet(
  start: DatabaseState,
  now: DatabaseState,
  { watchedMs, nowMs, held }: { readonly watchedMs: number; readonly nowMs: number; readonly held: boolean },
): boolean {
  if (!isSameDatabaseState(start, now)) return false;
  if (watchedMs >= QUIET_MS) return true;
  const modifiedMs = Number((now.database?.modifiedNs ?? 0n) / 1_000_000n);
  const walModifiedMs = Number((now.wal?.modifiedNs ?? 0n) / 1_000_000n);
  return !held && nowMs - Math.max(modifiedMs, walModifiedMs) >= QUIET_UNHELD_MS;
}
