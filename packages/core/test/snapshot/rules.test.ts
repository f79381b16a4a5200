import { describe, expect, test } from 'vitest';

import { isQuiet, judgePass, RULES, type Rules, walFitsHead } from '../../src/lib/snapshot/rules.ts';
import { end, file, head, opaqueHead, start, state, wal } from './fake-passes.ts';

const checkpoint = { commitEndBefore: 100 } as never;

describe('a pass is accepted', () => {
  test('if head and WAL stayed and the WAL holds a commit', () => {
    expect(judgePass(start(), end())).toEqual({ verdict: 'accept' });
  });

  test('if commits were added to the WAL meanwhile', () => {
    expect(judgePass(start(), end({ wal: wal({ commits: 9 }) }))).toEqual({ verdict: 'accept' });
  });

  test('if the WAL was empty and a commit came meanwhile', () => {
    expect(judgePass(start({ wal: wal() }), end())).toEqual({ verdict: 'accept' });
  });
});

describe('a pass is rejected', () => {
  test.each([
    ['the header moved', start(), end({ head: head(6) })],
    ['a checkpoint is running', start(), end({ wal: wal({ commits: 1, checkpoint }) })],
    ['a checkpoint is running', start(), end({ state: state({ 'wal.checkpoint': file() }) })],
    ['a checkpoint is running', start(), end({ state: state({ 'wal.recovery': file() }) })],
    ['the WAL was replaced', start(), end({ samePrefix: false })],
    ['the header moved', start({ wal: wal() }), end({ head: head(6), wal: wal() })],
    [
      'the WAL cannot be read',
      start({ wal: wal() }),
      end({ wal: wal({ commits: 1, state: 'bad-checksum' }) }),
    ],
    ['the WAL cannot be read', start(), end({ wal: wal({ commits: 2, state: 'bad-checksum' }) })],
  ] as const)('because %s', (reason, before, after) => {
    expect(judgePass(before, after)).toEqual({ verdict: 'reject', reason });
  });
});

describe('a pass is left to a quiet database', () => {
  test('if no commit proves that no checkpoint ran', () => {
    expect(judgePass(start({ wal: wal() }), end({ wal: wal() }))).toEqual({ verdict: 'if-quiet' });
  });

  test('if the head is encrypted, whatever the WAL says', () => {
    const opaque = opaqueHead();
    expect(judgePass(start({ head: opaque }), end({ head: opaque }))).toEqual({ verdict: 'if-quiet' });
  });
});

test.each([
  ['a checkpoint is running', { wal: wal({ commits: 1, checkpoint }) }],
  ['a checkpoint is running', { state: state({ 'wal.checkpoint': file() }) }],
  ['the WAL cannot be read', { wal: wal({ state: 'bad-checksum' }) }],
  ['the WAL cannot be read', { wal: wal({ state: 'unsupported' }) }],
  ['the WAL belongs to another state of the file', { wal: wal({ commits: 1, iteration: 4n }) }],
  ['the WAL belongs to another state of the file', { wal: wal({ commits: 1, databaseId: 'other' }) }],
] as const)('what a crash left is left to an abandoned database: %s', (reason, before) => {
  expect(judgePass(start(before), end())).toEqual({ verdict: 'if-abandoned', reason });
});

test('a WAL that names nothing fits any head, and one that names the head fits it', () => {
  expect(walFitsHead(wal(), head(5))).toBe(true);
  expect(walFitsHead(wal({ iteration: 5n, databaseId: 'id' }), head(5))).toBe(true);
});

/** What each rule alone stands against: with it dropped the pass would be accepted. */
const NEEDED: readonly (readonly [
  string,
  Partial<Rules>,
  ReturnType<typeof start>,
  ReturnType<typeof end>,
])[] = [
  ['headStayed', { headStayed: () => true }, start(), end({ head: head(6) })],
  [
    'showsCheckpoint',
    { showsCheckpoint: () => false },
    start(),
    end({ wal: wal({ commits: 1, checkpoint }) }),
  ],
  ['walContinues', { walContinues: () => true }, start(), end({ samePrefix: false })],
  ['commitProves', { commitProves: () => true }, start({ wal: wal() }), end({ wal: wal() })],
];

test.each(NEEDED)('rule %s is needed', (_, dropped, before, after) => {
  expect(judgePass(before, after).verdict).not.toBe('accept');
  expect(judgePass(before, after, { ...RULES, ...dropped }).verdict).toBe('accept');
});

describe('a database is quiet', () => {
  const nowMs = 10_000_000;
  const old = state({ database: file(1_000_000n) });

  test('if nothing was written for a second of watching', () => {
    expect(isQuiet(old, old, { watchedMs: 1000, nowMs, held: true })).toBe(true);
    expect(isQuiet(old, old, { watchedMs: 999, nowMs, held: true })).toBe(false);
  });

  test('at once if nobody holds it and the last write is two seconds old', () => {
    expect(isQuiet(old, old, { watchedMs: 0, nowMs, held: false })).toBe(true);
    const recent = state({ database: file(BigInt(nowMs - 1999) * 1_000_000n) });
    expect(isQuiet(recent, recent, { watchedMs: 0, nowMs, held: false })).toBe(false);
    const recentWal = state({ wal: file(BigInt(nowMs - 1999) * 1_000_000n) });
    expect(isQuiet(recentWal, recentWal, { watchedMs: 0, nowMs, held: false })).toBe(false);
  });

  test.each(['database', 'wal', 'wal.checkpoint', 'wal.recovery'] as const)(
    'never if its %s was written, replaced or made',
    (role) => {
      const watch = { watchedMs: 5000, nowMs, held: false };
      expect(isQuiet(old, { ...old, [role]: file(2_000_000n) }, watch)).toBe(false);
      expect(isQuiet(old, { ...old, [role]: file(1_000_000n, 2n) }, watch)).toBe(false);
    },
  );
});
