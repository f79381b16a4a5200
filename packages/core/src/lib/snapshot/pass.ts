/** The frame of every pass over a database: what is looked at before the first block and after the last one. */
import type { ScratchFolder } from '../process/scratch-folder.ts';
import { type DatabaseState, databaseState, filePath, type SidecarRole } from './database-files.ts';
import type { Blocks, DatabaseReader, HeadAndBlocks } from './database-reader.ts';
import { findLockHolders } from './lock-holders.ts';
import { pause } from './pause.ts';
import { isQuiet, judgePass, type Rejection, sameHead, type StartOfPass } from './rules.ts';
import type { CapturedSidecars } from './snapshot-files.ts';
import { WalCapture } from './wal-capture.ts';

export interface OpenPass extends AsyncDisposable {
  readonly start: StartOfPass;
  readonly blocks: Blocks;
  readonly sidecars: CapturedSidecars;
  readonly wal: WalCapture;
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
 */
export async function openPass(
  reader: DatabaseReader,
  scratch: ScratchFolder,
  known?: HeadAndBlocks,
): Promise<OpenPass> {
  const startedMs = performance.now();
  const state = await databaseState(reader.path);
  const { head, blocks } = await currentHead(reader, known);
  const takenAt = new Date();
  const sidecars = new Map<SidecarRole, WalCapture>();
  const wal = await WalCapture.take(filePath(reader.path, 'wal'), scratch.newPath());
  sidecars.set('wal', wal);
  for (const role of ['wal.checkpoint', 'wal.recovery'] as const) {
    if (state[role] === undefined) continue;
    sidecars.set(role, await WalCapture.take(filePath(reader.path, role), scratch.newPath()));
  }
  return {
    start: { head, wal: wal.summary, state },
    blocks,
    sidecars,
    wal,
    takenAt,
    startedMs,
    [Symbol.asyncDispose]: async () => {
      for (const capture of sidecars.values()) await capture[Symbol.asyncDispose]();
    },
  };
}

async function currentHead(reader: DatabaseReader, known: HeadAndBlocks | undefined): Promise<HeadAndBlocks> {
  if (known !== undefined && sameHead(known.head, await reader.readHead())) return known;
  return reader.readHeadAndBlocks();
}

export type PassOutcome =
  | 'accepted'
  | { readonly reason: Rejection | 'it does not come to rest' | 'somebody has it open' };

/** Looks at everything again, in the order that the rules need, and judges. Waits up to a second for a quiet database. */
export async function judgeEnd(
  reader: DatabaseReader,
  pass: OpenPass,
  { held, signal }: { readonly held: boolean; readonly signal?: AbortSignal | undefined },
): Promise<PassOutcome> {
  const { summary, samePrefix } = await pass.wal.recheck();
  const head = await reader.readHead();
  const state = await databaseState(reader.path);
  const verdict = judgePass(pass.start, { head, wal: summary, samePrefix, state });
  if (verdict.verdict === 'accept') return 'accepted';
  if (verdict.verdict === 'reject') return { reason: verdict.reason };
  if (verdict.verdict === 'if-abandoned') {
    const holders = await findLockHolders(reader.path);
    // On Windows a file with a writer cannot be opened by others at all, so this one has none.
    if (process.platform !== 'win32' && (holders === 'unknown' || holders.length > 0))
      return { reason: verdict.reason };
  }
  return (await becomesQuiet(reader, pass.start.state, pass.startedMs, held, signal))
    ? 'accepted'
    : { reason: verdict.verdict === 'if-abandoned' ? verdict.reason : 'it does not come to rest' };
}

async function becomesQuiet(
  reader: DatabaseReader,
  start: DatabaseState,
  startedMs: number,
  held: boolean,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for (;;) {
    const now = await databaseState(reader.path);
    if (isQuiet(start, now, { watchedMs: performance.now() - startedMs, nowMs: Date.now(), held }))
      return true;
    if (!sameFiles(start, now)) return false;
    await pause(20, signal);
  }
}

const sameFiles = (a: DatabaseState, b: DatabaseState): boolean =>
  isQuiet(a, b, { watchedMs: Infinity, nowMs: 0, held: true });
