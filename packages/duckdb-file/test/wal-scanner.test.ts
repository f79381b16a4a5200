import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parseHead, scanWal, WalScanner, type WalSummary } from '../src/index.ts';
import { goldenNamed, WAL_GOLDENS } from './golden-files.ts';
import { pieces } from './pieces.ts';
import { referenceChecksum } from './reference-checksum.ts';
import { checkpointMarker, entry, FLUSH, INSERT, payloadOf, ROW_GROUP_DATA, walHead } from './wal-writer.ts';

const HEAD = walHead({ version: 2n });
const ID = Uint8Array.from({ length: 16 }, (_, index) => 120 + index);

function scanPieces(parts: readonly Uint8Array[]): WalSummary {
  const scanner = new WalScanner();
  for (const part of parts) {
    scanner.push(part);
    scanner.summary();
  }
  return scanner.summary();
}

/** The end of the head and of every entry, each with the last commit up to there, found by the sizes alone. */
function boundariesOf(
  wal: Uint8Array,
  headEnd: number,
): readonly { readonly end: number; readonly commitEnd: number }[] {
  const bytes = Buffer.from(wal);
  const boundaries = [{ end: headEnd, commitEnd: 0 }];
  for (let [at, commitEnd] = [headEnd, 0]; at < wal.length;) {
    const end = at + 16 + Number(bytes.readBigUInt64LE(at));
    if (bytes[at + 18] === 100) commitEnd = end;
    boundaries.push({ end, commitEnd });
    at = end;
  }
  return boundaries;
}

describe.each(WAL_GOLDENS)('the WAL of $name', ({ wal, database, facts, scenario }) => {
  const { main, layout } = parseHead(database);
  const active = layout.kind === 'clear' ? layout.active : undefined;
  const summary = scanWal(wal);

  test('holds the transactions that were committed', () => {
    expect(summary.state).toBe('clean');
    expect(summary.version).toBe(2);
    expect(summary.commits).toBe(facts.commitsAfterCheckpoint);
    expect([summary.commitEnd, summary.end, summary.length]).toStrictEqual([
      wal.length,
      wal.length,
      wal.length,
    ]);
    expect(summary.rowGroupDataEntries).toBe(scenario.kind === 'busy' ? 1 : 0);
  });

  test('names its database where the storage version has a name for it', () => {
    expect(summary.databaseId).toBe(main.storageVersion >= 67 ? main.databaseId : undefined);
    expect(summary.iteration).toBe(main.storageVersion >= 67 ? active?.iteration : undefined);
  });

  test('has a checkpoint marker exactly when a checkpoint was cut off', () => {
    if (scenario.kind === 'busy') {
      expect(summary.checkpoint).toBeUndefined();
      return;
    }
    const written = summary.checkpoint?.metaBlock === active?.metaBlock;
    expect(summary.checkpoint).toBeDefined();
    expect(written).toBe(scenario.kind === 'marker-after-header');
    // Marker and its flush are all that comes after the last commit.
    expect(summary.checkpoint?.commitEndBefore).toBe(summary.checkpoint?.offset);
    expect(scanWal(wal.subarray(0, summary.checkpoint?.offset))).toMatchObject({
      state: 'clean',
      commits: facts.commitsAfterCheckpoint,
    });
  });

  test('gives the last commit before the place where it is cut', () => {
    const boundaries = boundariesOf(wal, summary.headerEnd);
    const wrong = Array.from({ length: wal.length + 1 }, (_, cut) => cut).filter((cut) => {
      const seen = scanWal(wal.subarray(0, cut));
      const last = boundaries.findLast(({ end }) => end <= cut);
      const state = cut === 0 ? 'empty' : last?.end === cut ? 'clean' : 'torn-tail';
      return (
        seen.commitEnd !== (last?.commitEnd ?? 0) ||
        seen.end !== (last?.end ?? 0) ||
        seen.length !== cut ||
        seen.state !== state
      );
    });
    expect(wrong).toStrictEqual([]);
  });
});

describe('scanWal', () => {
  test('reads only the head of an encrypted WAL', () => {
    for (const name of ['1.4.0-encrypted', '1.5-encrypted']) {
      const { wal = new Uint8Array(0), database } = goldenNamed(name);
      const databaseId = parseHead(database).main.databaseId;
      const expected = {
        state: 'unsupported',
        version: 3,
        databaseId,
        iteration: 3n,
        commits: 0,
        length: wal.length,
      };
      expect(scanWal(wal)).toMatchObject(expected);
    }
  });

  test('says of an unknown version that it is unsupported, whatever follows', () => {
    const wal = Buffer.concat([walHead({ version: 999n }), Buffer.from('some words for people')]);
    expect(scanWal(wal)).toMatchObject({
      state: 'unsupported',
      version: 999,
      headerEnd: 9,
      end: 9,
      commitEnd: 0,
    });
  });

  test('takes a WAL without a head for version 1', () => {
    expect(scanWal(payloadOf(26, 1, 2, 3))).toMatchObject({ state: 'unsupported', version: 1, headerEnd: 0 });
  });

  test.each([
    ['text', Buffer.from('QUACKUP')],
    ['zeros', new Uint8Array(40)],
    ['an unknown entry', Uint8Array.of(100, 0, 77, 255, 255)],
    ['an endless number', Buffer.concat([HEAD.subarray(0, 5), Buffer.alloc(300, 0xff)])],
    ['a number above 64 bits', Buffer.concat([HEAD.subarray(0, 5), Buffer.alloc(9, 0xff), HEAD.subarray(5)])],
    ['an unknown field', Uint8Array.of(100, 0, 98, 101, 0, 2, 110, 0, 1, 255, 255)],
    ['fields in the wrong order', Uint8Array.of(100, 0, 98, 101, 0, 2, 103, 0, 1, 102, 0, 16)],
    ['an identifier of 15 bytes', Uint8Array.of(100, 0, 98, 101, 0, 2, 102, 0, 15)],
    [
      'an identifier with a byte above 255',
      Uint8Array.of(100, 0, 98, 101, 0, 2, 102, 0, 16, ...Buffer.alloc(32, 0xff)),
    ],
  ])('says bad-header of %s', (_what, bytes) => {
    expect(scanWal(bytes)).toMatchObject({ state: 'bad-header', headerEnd: 0, end: 0, length: bytes.length });
  });

  test('stops at an entry that does not match its checksum and counts the rest', () => {
    const good = Buffer.concat([HEAD, INSERT, FLUSH]);
    const bad = entry(payloadOf(26), 1n);
    const summary = scanWal(Buffer.concat([good, bad, INSERT, FLUSH]));
    const expected = { state: 'bad-checksum', commits: 1, commitEnd: good.length, end: good.length };
    expect(summary).toMatchObject({
      ...expected,
      length: good.length + bad.length + INSERT.length + FLUSH.length,
    });
  });

  test.each([
    ['zeros', new Uint8Array(64)],
    ['an empty payload', entry(new Uint8Array(0))],
    ['a payload without a type', entry(Uint8Array.of(1, 2, 3))],
    ['a marker without a pointer', entry(payloadOf(99))],
    ['a marker with one field more', entry(payloadOf(99, 101, 0, 100, 0, 5, 101, 0, 0, 102, 0))],
  ])('says bad-checksum of %s in place of an entry', (_what, bytes) => {
    const wal = Buffer.concat([HEAD, FLUSH, bytes, FLUSH]);
    const expected = { state: 'bad-checksum', commits: 1, end: HEAD.length + FLUSH.length };
    expect(scanWal(wal)).toMatchObject(expected);
    expect(scanWal(wal.subarray(0, wal.length - FLUSH.length))).toMatchObject(expected);
  });

  test('takes an absurd size for a torn tail and waits for ever', () => {
    for (const size of [2n ** 64n - 1n, 2n ** 53n, 10n ** 15n]) {
      const frame = Buffer.alloc(16);
      frame.writeBigUInt64LE(size);
      const summary = scanWal(Buffer.concat([HEAD, FLUSH, frame, Buffer.alloc(1000)]));
      expect(summary).toMatchObject({ state: 'torn-tail', commits: 1, end: HEAD.length + FLUSH.length });
    }
  });

  test('reads an entry of 300 MB in small pieces', () => {
    const zeros = new Uint8Array(1 << 20);
    const first = Uint8Array.of(100, 0, 26, 1, 2, 3, 4, 5);
    const frame = Buffer.alloc(16);
    frame.writeBigUInt64LE(BigInt(first.length + 300 * zeros.length));
    frame.writeBigUInt64LE(referenceChecksum(first), 8); // zeros add nothing to the sum
    const scanner = new WalScanner();
    scanner.push(Buffer.concat([HEAD, frame, first]));
    for (let count = 0; count < 300; count += 1) scanner.push(zeros);
    expect(scanner.summary().state).toBe('clean');
    scanner.push(FLUSH);
    const length = HEAD.length + 16 + first.length + 300 * zeros.length + FLUSH.length;
    expect(scanner.summary()).toMatchObject({
      state: 'clean',
      commits: 1,
      commitEnd: length,
      end: length,
      length,
    });
  });

  test('keeps the last of several markers and counts the commits between them', () => {
    const parts = [HEAD, INSERT, FLUSH, checkpointMarker(7n), FLUSH, ROW_GROUP_DATA, FLUSH];
    const offset = Buffer.concat([...parts]).length;
    const summary = scanWal(Buffer.concat([...parts, checkpointMarker(2n ** 63n + 5n), FLUSH]));
    expect(summary).toMatchObject({ state: 'clean', commits: 2, rowGroupDataEntries: 1 });
    expect(summary.checkpoint).toStrictEqual({ offset, metaBlock: 2n ** 63n + 5n, commitEndBefore: offset });
  });
});

describe('WalScanner', () => {
  const part = fc.constantFrom(
    INSERT,
    FLUSH,
    ROW_GROUP_DATA,
    checkpointMarker(123_456_789n),
    entry(new Uint8Array(500).fill(100).fill(0, 1, 2).fill(26, 2, 3)),
    entry(payloadOf(26), 3n),
    Uint8Array.of(9, 0, 0),
  );
  const head = fc.constantFrom(
    HEAD,
    walHead({ version: 2n, id: ID, iteration: 300n }),
    walHead({ version: 3n, id: ID }),
    Buffer.from('d?'),
  );
  const anyWal = fc.oneof(
    fc.tuple(head, fc.array(part)).map(([first, parts]) => new Uint8Array(Buffer.concat([first, ...parts]))),
    fc.constantFrom(...WAL_GOLDENS.map(({ wal }) => wal)),
    fc.uint8Array({ maxLength: 300 }),
  );

  test('gives for pieces of any size what scanWal gives for the whole', () => {
    const cut = anyWal.chain((wal) => fc.tuple(fc.constant(wal), pieces(wal)));
    fc.assert(
      fc.property(cut, ([wal, parts]) => {
        expect(scanPieces(parts)).toStrictEqual(scanWal(wal));
      }),
      { numRuns: 300 },
    );
  });

  test('gives byte by byte at each byte what scanWal gives for the bytes so far', () => {
    const wal = Buffer.concat([
      walHead({ version: 2n, id: ID, iteration: 9n }),
      INSERT,
      FLUSH,
      checkpointMarker(5n),
      FLUSH,
    ]);
    const scanner = new WalScanner();
    for (let at = 0; at < wal.length; at += 1) {
      scanner.push(wal.subarray(at, at + 1));
      expect(scanner.summary()).toStrictEqual(scanWal(wal.subarray(0, at + 1)));
    }
    expect(scanner.summary()).toMatchObject({
      state: 'clean',
      databaseId: Buffer.from(ID).toString('hex'),
      iteration: 9n,
    });
  });

  test('does not keep the bytes that it was given', () => {
    const wal = Buffer.concat([HEAD, INSERT, FLUSH]);
    const buffer = Buffer.alloc(7);
    const scanner = new WalScanner();
    for (let at = 0; at < wal.length; at += 7) {
      buffer.fill(0xee);
      const length = wal.copy(buffer, 0, at, Math.min(at + 7, wal.length));
      scanner.push(buffer.subarray(0, length));
    }
    expect(scanner.summary()).toStrictEqual(scanWal(wal));
  });

  test('never says that more is committed than is there', () => {
    const flipped = fc.tuple(
      fc.constantFrom(...WAL_GOLDENS.map(({ wal }) => wal)),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
    );
    fc.assert(
      fc.property(flipped, ([wal, where, flip]) => {
        const at = where % wal.length;
        const changed = Uint8Array.from(wal);
        changed[at] = (changed[at] ?? 0) ^ flip;
        const [before, after] = [scanWal(wal.subarray(0, at)), scanWal(changed)];
        if (at >= scanWal(wal).headerEnd) {
          expect(['torn-tail', 'bad-checksum']).toContain(after.state);
          expect([after.commitEnd, after.end]).toStrictEqual([before.commitEnd, before.end]);
        }
        expect(after.commitEnd).toBeLessThanOrEqual(wal.length);
      }),
      { numRuns: 400 },
    );
  });
});
