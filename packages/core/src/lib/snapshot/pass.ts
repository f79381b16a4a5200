/** The frame of every pass over a database: what is looked at before the first block and after the last one. */
import type { ScratchFolder } from '../process/scratch-folder.ts';
import { isSameDatabaseState, type SidecarRole } from './database-files.ts';
import type { Blocks, DatabaseReader, HeadAndBlocks } from './database-reader.ts';
import { databaseState, filesOnDisk } from './files-on-disk.ts';
import { findLockHolders, mayHaveWriter } from './lock-holders.ts';
import { pause } from './pause.ts';
import {
  isQuiet,
  judgePass,
  type Rejection,
  RULES,
  type Rules,
  sameHead,
  type StartOfPass,
  type Verdict,
} from './rules.ts';
import { Silence } from './silence.ts';
import type { CapturedSidecars } from './snapshot-files.ts';
import { WalCapture } from './wal-capture.ts';

export interface OpenPass extends AsyncDisposable {
  readonly start: StartOfPass;
  readonly blocks: Blocks;
  readonly sidecars: CapturedSidecars;
  readonly wal: WalCapture;
  /** As {@link filesOnDisk} found it. */
  readonly isWalBesideLink: boolean;
  /** The WAL was captured then: the state of the copy is the database's state at that moment. */
  readonly takenAt: Date;
  /** `performance.now()` at the beginning. */
  readonly startedMs: number;
}

/**
 * Looks at everything that must be looked at before a block is read: the state of the four files, the head with its
 * free list, then the WAL and the other sidecars.
 *
 * @param known The head and its blocks, if they were read a moment ago: used if the head is still the same.
 * @param walLimit Take no more of the WAL than this: its length at an earlier moment.
 * @throws DATABASE_REPLACED if another file is where the reader found its own.
 */
export async function openPass(
  reader: DatabaseReader,
  scratch: ScratchFolder,
  known?: HeadAndBlocks,
  walLimit?: number,
): Promise<OpenPass> {
  const startedMs = performance.now();
  const state = await databaseState(reader.path);
  reader.checkIsThisFile(state.database);
  const { head, blocks } = await currentHead(reader, known);
  const takenAt = new Date();
  const sidecars = new Map<SidecarRole, WalCapture>();
  const { paths, isBesideLink } = await filesOnDisk(reader.path);
  const wal = await WalCapture.take(paths.wal, scratch.newPath(), walLimit);
  sidecars.set('wal', wal);
  for (const role of ['wal.checkpoint', 'wal.recovery'] as const) {
    if (state[role] === undefined) continue;
    sidecars.set(role, await WalCapture.take(paths[role], scratch.newPath()));
  }
  return {
    start: { head, wal: wal.summary, state },
    blocks,
    sidecars,
    wal,
    isWalBesideLink: isBesideLink,
    takenAt,
    startedMs,
    [Symbol.asyncDispose]: async () => {
      for (const capture of sidecars.values()) await capture[Symbol.asyncDispose]();
    },
  };
}

async function currentHead(reader: DatabaseReader, known: HeadAndBlocks | undefined): Promise<HeadAndBlocks> {
  // Blocks that were counted by the length of the file may be more by now under the same head.
  if (known?.blocks.use !== undefined && sameHead(known.head, await reader.readHead())) return known;
  return reader.readHeadAndBlocks();
}

export type PassOutcome = 'accepted' | { readonly reason: Rejection };

export interface JudgeOptions {
  /** Whether somebody has the database open, or it cannot be known. */
  readonly held: boolean;
  readonly rules?: Rules | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Looks at everything again, in the order that the rules need, and judges; does not wait. */
export async function judgeNow(
  reader: DatabaseReader,
  pass: OpenPass,
  rules: Rules = RULES,
): Promise<Verdict> {
  const { paths } = await filesOnDisk(reader.path);
  const { summary, samePrefix } = await pass.wal.recheck(paths.wal);
  const head = await reader.readHead();
  const state = await databaseState(reader.path);
  return judgePass(pass.start, { head, wal: summary, samePrefix, state }, rules);
}

/** As {@link judgeNow}, and waits up to a second for a quiet database where only that proves the pass. */
export async function judgeEnd(
  reader: DatabaseReader,
  pass: OpenPass,
  options: JudgeOptions,
): Promise<PassOutcome> {
  const verdict = await judgeNow(reader, pass, options.rules);
  if (verdict.verdict === 'accept') return 'accepted';
  if (verdict.verdict === 'reject') return { reason: verdict.reason };
  if (verdict.verdict === 'if-abandoned' && (await mayBeWritten(reader.path)))
    return { reason: verdict.reason };
  if (await becomesQuiet(reader, pass, options)) return 'accepted';
  return { reason: verdict.verdict === 'if-abandoned' ? verdict.reason : 'it does not come to rest' };
}

/** On Windows a file with a writer cannot be opened by others at all, so one that was opened has none. */
async function mayBeWritten(path: string): Promise<boolean> {
  if (process.platform === 'win32') return false;
  const holders = await findLockHolders(path);
  // A lock for reading keeps writers out. But lsof lists who merely has the file open, this process too.
  if (holders === 'unknown' || process.platform === 'linux') return mayHaveWriter(holders);
  return holders.some(({ pid }) => pid !== process.pid);
}

/** How long a writer whose sync has returned is given to write on before a database counts as quiet at once. */
const AFTER_SYNC_MS = 20;

/** Waits until the files have been quiet for long enough, or have been written. */
async function becomesQuiet(
  reader: DatabaseReader,
  { start, startedMs }: OpenPass,
  { held, signal }: JudgeOptions,
): Promise<boolean> {
  const silence = new Silence(reader);
  await silence.begun();
  if (silence.isVoid) return false;
  // What waited for the same disk goes on now, and shows that there was somebody after all.
  await pause(AFTER_SYNC_MS, signal);
  for (;;) {
    // Of a database that somebody holds only the time from here on counts: it may have been stopped until now.
    const watchedMs = held ? silence.watchedMs : performance.now() - startedMs;
    const now = await databaseState(reader.path);
    if (isQuiet(start.state, now, { watchedMs, nowMs: Date.now(), held })) return true;
    if (!isSameDatabaseState(start.state, now)) return false;
    await pause(20, signal);
  }
}
