import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { type DatabaseHead, DuckdbFileError, HEAD_SIZE, HEADER_SIZE, parseHead } from '../src/index.ts';
import { CLEAR_GOLDENS, type Golden, goldenNamed, GOLDENS } from './golden-files.ts';
import { seal } from './reference-checksum.ts';

/** By engine and STORAGE_VERSION. DuckDB 1.3 marks its own format only in the database header. */
const VERSIONS: Readonly<Record<string, number>> = {
  '1.2 v1.2.0': 65,
  '1.3 v1.3.0': 65,
  '1.5 v1.3.0': 66,
  '1.4 v1.4.0': 67,
  '1.5 v1.5.0': 68,
};

const SAMPLE = goldenNamed('1.5-latest-16k').database.subarray(0, HEAD_SIZE);

function codeOf(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    if (error instanceof DuckdbFileError) return error.code;
    throw error;
  }
  return 'accepted';
}

/** The sample with a 64-bit number replaced and the slot's checksum made to match again. */
function patched(slot: 0 | 1 | 2, offset: number, value: bigint): Uint8Array {
  const head = Uint8Array.from(SAMPLE);
  const bytes = head.subarray(slot * HEADER_SIZE, (slot + 1) * HEADER_SIZE);
  new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(offset, value, true);
  seal(bytes);
  return head;
}

function clearLayout(head: DatabaseHead): Extract<DatabaseHead['layout'], { kind: 'clear' }> {
  if (head.layout.kind !== 'clear') throw new Error(`the layout is ${head.layout.kind}`);
  return head.layout;
}

function expectedVersion({ scenario }: Golden): number | undefined {
  if (scenario.kind === 'encrypted') return scenario.engine === '1.5' ? 68 : 67;
  return scenario.storageVersion === undefined
    ? 64
    : VERSIONS[`${scenario.engine} ${scenario.storageVersion}`];
}

describe.each(GOLDENS)('the head of $name', (golden) => {
  const head = parseHead(golden.database);

  test('says who created the file and in which storage version', () => {
    expect(head.main.libraryVersion).toBe(golden.facts.engineVersion);
    expect(head.main.storageVersion).toBe(expectedVersion(golden));
    expect(head.main.sourceId).toMatch(/^[0-9a-f]{10}$/);
    expect(head.main.encrypted).toBe(golden.scenario.kind === 'encrypted');
    expect(head.main.databaseId === '0'.repeat(32)).toBe(head.main.storageVersion < 67);
    expect(head.bytes).toStrictEqual(golden.database.slice(0, HEAD_SIZE));
  });
});

describe.each(CLEAR_GOLDENS)('the database headers of $name', (golden) => {
  test('say what the engine was told and where it stands', () => {
    const layout = clearLayout(parseHead(golden.database));
    const checkpoints = { fresh: 1n, 'marker-after-header': 4n }[golden.scenario.kind as string] ?? 3n;
    expect(layout.blockSize).toBe(golden.scenario.blockSize);
    expect(layout.active.iteration).toBe(checkpoints);
    expect(layout.headers.map(({ slot }) => slot)).toStrictEqual([1, 2]);
    expect(layout.headers.map(({ iteration }) => iteration)).toContain(checkpoints - 1n);
    expect(layout.active.vectorSize).toBe(2048);
    expect(layout.active.blockCount).toBeGreaterThanOrEqual(golden.facts.totalBlocks);
    expect(layout.active.serializationVersion === 1).toBe(golden.scenario.storageVersion === undefined);
  });
});

describe('parseHead', () => {
  test('keeps a copy that later changes of the given bytes do not reach', () => {
    const bytes = Buffer.from(SAMPLE);
    const head = parseHead(bytes);
    bytes.fill(0);
    expect(head.bytes).toStrictEqual(Uint8Array.from(SAMPLE));
  });

  test('takes the second slot when both have the same iteration', () => {
    const iteration = clearLayout(parseHead(SAMPLE)).headers[1].iteration;
    expect(clearLayout(parseHead(patched(1, 8, iteration))).active.slot).toBe(2);
    expect(clearLayout(parseHead(patched(1, 8, iteration + 1n))).active.slot).toBe(1);
  });

  test('reads nothing but the main header of an encrypted or newer file', () => {
    for (const name of ['1.4.0-encrypted', '1.5-encrypted']) {
      const layout = { kind: 'opaque', reason: 'encrypted', blockSize: 262_144 };
      expect(parseHead(goldenNamed(name).database).layout).toStrictEqual(layout);
    }
    const newer = parseHead(patched(0, 12, 69n));
    expect(newer.main.storageVersion).toBe(69);
    expect(newer.layout).toStrictEqual({
      kind: 'opaque',
      reason: 'newer-storage-version',
      blockSize: 262_144,
    });
  });

  test('says UNSUPPORTED of a storage version before 64', () => {
    expect(codeOf(() => parseHead(patched(0, 12, 63n)))).toBe('UNSUPPORTED');
  });

  test.each([
    ['storage version', 0, 12, 2n ** 40n],
    ['block count', 1, 32, 2n ** 40n + 1n],
    ['block size that is no power of two', 1, 40, 24_576n],
    ['block size below 16 KiB', 2, 40, 8192n],
    ['block size above 256 KiB', 2, 40, 524_288n],
    ['block size of 64 bits', 1, 40, 2n ** 63n],
    ['vector size', 1, 48, 2n ** 60n],
    ['serialization version', 2, 56, 2n ** 60n],
  ] as const)('says DAMAGED of an impossible %s under a matching checksum', (_what, slot, offset, value) => {
    expect(codeOf(() => parseHead(patched(slot, offset, value)))).toBe('DAMAGED');
  });

  test('takes a size of 0 for the default, as files of old versions have it', () => {
    const layout = clearLayout(parseHead(patched(1, 40, 0n)));
    expect(layout.headers[0].blockSize).toBe(262_144);
    expect(clearLayout(parseHead(patched(1, 48, 0n))).headers[0].vectorSize).toBe(2048);
  });

  test('says which of the headers is torn', () => {
    for (const [slot, message] of [
      [0, /main header/],
      [1, /database header 1/],
      [2, /database header 2/],
    ] as const) {
      const torn = Uint8Array.from(SAMPLE);
      torn.fill(0xee, slot * HEADER_SIZE + 2048, slot * HEADER_SIZE + 2056);
      expect(() => parseHead(torn)).toThrow(message);
      expect(codeOf(() => parseHead(torn))).toBe('TORN');
    }
  });

  test('accepts no head in which a single byte was changed', () => {
    const wrong = Array.from({ length: HEAD_SIZE }, (_, at) => at).filter((at) => {
      const changed = Uint8Array.from(SAMPLE);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      return codeOf(() => parseHead(changed)) !== (at >= 8 && at < 12 ? 'NOT_DUCKDB' : 'TORN');
    });
    expect(wrong).toStrictEqual([]);
  });

  test('accepts no head that is cut short', () => {
    for (let length = 0; length < HEAD_SIZE; length += 61) {
      expect(codeOf(() => parseHead(SAMPLE.subarray(0, length)))).toBe(length < 12 ? 'NOT_DUCKDB' : 'TORN');
    }
  });

  test('refuses whatever is no database', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 13_000 }),
        (bytes) => codeOf(() => parseHead(bytes)) === 'NOT_DUCKDB',
      ),
    );
    expect(codeOf(() => parseHead(new Uint8Array(HEAD_SIZE)))).toBe('NOT_DUCKDB');
  });

  test('answers with possible values or an error whatever the sealed headers say', () => {
    const anyNumber = fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.bigInt({ min: 0n, max: 2n ** 20n }),
    );
    fc.assert(
      fc.property(fc.constantFrom(1 as const, 2 as const), fc.nat(6), anyNumber, (slot, field, value) => {
        const bytes = patched(slot, 8 + 8 * field, value);
        if (codeOf(() => parseHead(bytes)) === 'DAMAGED') return;
        for (const header of clearLayout(parseHead(bytes)).headers) {
          expect([16_384, 32_768, 65_536, 131_072, 262_144]).toContain(header.blockSize);
          expect(header.blockCount).toBeLessThanOrEqual(2 ** 40);
          expect(header.vectorSize).toBeLessThan(2 ** 32);
        }
      }),
    );
  });
});
