/** The steps of both sides, by number, with the words a trace uses. */
export const STEP_NAMES = [
  'start',
  'transaction commits: {} in the WAL',
  'bulk transaction {}: takes a block and begins to write it',
  'bulk transaction {}: its block is written whole',
  'bulk transaction {}: commits, ROW_GROUP_DATA in the WAL',
  'bulk transaction {}: rolls back, its block is free at once',
  'checkpoint: starts, marker into X.wal, from here on X.wal.checkpoint',
  'checkpoint: starts for bulk transaction {} which skips the WAL (no marker if the WAL is empty)',
  'checkpoint: starts although the WAL is empty, no marker (PRAGMA force_checkpoint)',
  'checkpoint: starts (1.4: nobody else may write)',
  'checkpoint: writes table {} to a free block',
  'checkpoint: marker into X.wal (1.4: at the end)',
  'checkpoint: F, the blocks it replaced may be allocated',
  'checkpoint: begins to write metadata block {}',
  'checkpoint: metadata block {} is written whole',
  'checkpoint: reads the block count for the header',
  'checkpoint: H, header {} is on disk',
  'checkpoint: X.wal removed or replaced by X.wal.checkpoint',
  'READER: pass begins, head and free list of header {}',
  'READER: captures the WAL',
  'READER: copies block {}',
  'READER: block {} is free and torn, left out',
  'READER: block {} is trusted, not read again',
  'READER: looks at the head, now {}',
  'READER: all blocks are there',
  'READER: looks at the WAL again',
  'READER: looks at the head again',
  'READER: looks at the head or the WAL, and rejects the pass',
  'READER: looks at the head or the WAL, and ACCEPTS ({})',
  'READER: takes the checksums for the look-ahead',
  'READER: gives up',
  'checkpoint: F, but the blocks it replaced are pinned and stay unused',
  'a query ends: the blocks it pinned may be allocated',
  'READER: compares what it trusts',
] as const;

export const STEP = {
  start: 0,
  commit: 1,
  bulkBegin: 2,
  bulkEnd: 3,
  bulkCommit: 4,
  bulkRollback: 5,
  checkpointMarked: 6,
  checkpointForBulk: 7,
  checkpointForced: 8,
  checkpointAlone: 9,
  writeTable: 10,
  markerLate: 11,
  free: 12,
  metaBegin: 13,
  metaEnd: 14,
  count: 15,
  header: 16,
  finishWal: 17,
  passBegins: 18,
  captureWal: 19,
  copyBlock: 20,
  skipTorn: 21,
  trusted: 22,
  observe: 23,
  blocksDone: 24,
  recheckWal: 25,
  recheckHead: 26,
  reject: 27,
  accept: 28,
  lookAhead: 29,
  giveUp: 30,
  freePinned: 31,
  queryEnds: 32,
  compare: 33,
} as const;

/** By which rule a copy was accepted. */
export const ACCEPTED_BY = ['nothing', 'WAL', 'a commit came', 'quiet', 'look-ahead', 'no proof'] as const;

export function stepText(step: number, argument: number): string {
  const name = STEP_NAMES[step] ?? '?';
  const text =
    step === STEP.accept
      ? ACCEPTED_BY[argument]
      : step === STEP.commit || step === STEP.writeTable
        ? 'AB'[argument]
        : step === STEP.bulkBegin ||
            step === STEP.bulkEnd ||
            step === STEP.bulkCommit ||
            step === STEP.bulkRollback ||
            step === STEP.checkpointForBulk
          ? String(argument + 1)
          : String(argument);
  return name.replace('{}', text ?? '?');
}
