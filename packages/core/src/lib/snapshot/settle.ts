/**
 * What a pass without a commit in its WAL waits for (docs/hot-copy.md, rule 5), whichever comes first:
 *
 *     a commit in the WAL, without a marker, under the same head     no checkpoint was running
 *     a second in which nothing is written, nor waits for the disk   none is running
 *     the next header                                                the look-ahead proof
 *
 * If something was written since the pass began, and then nothing more, none of them will come: then a new pass has to be
 * made, which the first two can prove.
 */
import type { BlockUse } from '@quackup/duckdb-file';

import { isSameDatabaseState } from './database-files.ts';
import type { DatabaseReader } from './database-reader.ts';
import { databaseState } from './files-on-disk.ts';
import { LookAhead, MARGIN_MS } from './look-ahead.ts';
import { judgeNow, type OpenPass, type PassOutcome } from './pass.ts';
import { pause } from './pause.ts';
import { isQuiet, QUIET_MS, RULES, type Rules, sameHead } from './rules.ts';
import { Silence } from './silence.ts';

export interface SettleOptions {
  /** `performance.now()` after which waiting ends. */
  readonly deadlineMs: number;
  readonly rules?: Rules | undefined;
  readonly signal?: AbortSignal | undefined;
}

const LOOK_MS = 2;

/**
 * To be called when the last block of `pass` has just been read. The database counts as held.
 *
 * @param use The blocks of the pass.
 */
export async function settle(
  reader: DatabaseReader,
  pass: OpenPass,
  use: BlockUse,
  { deadlineMs, rules = RULES, signal }: SettleOptions,
): Promise<PassOutcome> {
  const readMs = performance.now();
  const silence = new Silence(reader);
  let seen = pass.start.state;
  let seenMs = readMs;
  let note: LookAhead | undefined;
  for (;;) {
    const { watchedMs } = silence;
    const now = await databaseState(reader.path);
    if (isQuiet(pass.start.state, now, { watchedMs, nowMs: Date.now(), held: true })) return 'accepted';
    if (!isSameDatabaseState(seen, now)) {
      seen = now;
      seenMs = performance.now();
      const verdict = await judgeNow(reader, pass, rules);
      if (verdict.verdict === 'accept') return 'accepted';
      if (verdict.verdict === 'reject') {
        const proven = verdict.reason === 'the header moved' && (await isProven(reader, pass, note));
        return proven ? 'accepted' : { reason: verdict.reason };
      }
    }
    if (note === undefined && performance.now() - readMs >= MARGIN_MS) {
      note = await takeNote(reader, pass, use);
    }
    const mayProve = seen === pass.start.state && !silence.isVoid;
    const isOver = !mayProve && performance.now() - seenMs >= QUIET_MS;
    if (isOver || performance.now() > deadlineMs) return { reason: 'it does not come to rest' };
    await pause(LOOK_MS, signal);
  }
}

async function takeNote(
  reader: DatabaseReader,
  pass: OpenPass,
  use: BlockUse,
): Promise<LookAhead | undefined> {
  const note = await LookAhead.take(reader, use, pass.blocks.blockSize);
  return sameHead(await reader.readHead(), pass.start.head) ? note : undefined;
}

/** Whether the header that is there now follows the pass's directly, and its checkpoint had written nothing by the note. */
async function isProven(
  reader: DatabaseReader,
  { start }: OpenPass,
  note: LookAhead | undefined,
): Promise<boolean> {
  if (note === undefined || start.head.layout.kind !== 'clear') return false;
  const { head, blocks } = await reader.readHeadAndBlocks();
  const follows =
    head.layout.kind === 'clear' && head.layout.active.iteration === start.head.layout.active.iteration + 1n;
  return follows && (await note.provesNoneWritten(reader, blocks));
}
