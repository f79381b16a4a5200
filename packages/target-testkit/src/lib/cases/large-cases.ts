import { check, checkEqual } from '../check.ts';
import type { ConformanceCase } from '../conformance-case.ts';
import { pattern } from '../bodies.ts';
import { readObject } from '../reading.ts';

const MIB = 1024 * 1024;
const SIZE_MIB = 96;

/** Objects of many parts. */
export const largeCases: readonly ConformanceCase[] = [
  {
    id: 'put.large-object',
    sentence: 'put, get: every byte of a large object, whole and by ranges',
    requires: 'large',
    safe: true,
    slow: 12,
    run: async ({ target, key }) => {
      const { maxObjectSize = Number.POSITIVE_INFINITY } = target.capabilities;
      const count = Math.min(SIZE_MIB, Math.floor(maxObjectSize / MIB));
      const base = pattern(MIB, 1);
      const body = async function* (): AsyncGenerator<Uint8Array> {
        for (let index = 0; index < count; index += 1) yield numbered(base, index);
      };
      const info = await target.put(key('a'), body());
      checkEqual(info.size, count * MIB, 'size that put returns');
      const read = await target.get(key('a'));
      let position = 0;
      for await (const chunk of read.body as AsyncIterable<Uint8Array>) {
        checkPiece(chunk, base, position);
        position += chunk.length;
      }
      checkEqual(position, count * MIB, 'bytes that get gives');
      for (const at of [0.1, 0.33, 0.5, 0.75, 0.99]) {
        const start = Math.floor(at * count * MIB) - 1000;
        const bytes = await readObject(target, key('a'), { start, end: start + 100_000 });
        checkPiece(bytes, base, start);
      }
    },
  },
];

/** A MiB that no other one equals: its number stands at its beginning. */
function numbered(base: Uint8Array, index: number): Uint8Array {
  const bytes = Buffer.from(base);
  bytes.writeUInt32BE(index, 0);
  return bytes;
}

function checkPiece(bytes: Uint8Array, base: Uint8Array, position: number): void {
  for (let offset = 0; offset < bytes.length;) {
    const index = Math.floor((position + offset) / MIB);
    const within = position + offset - index * MIB;
    const length = Math.min(bytes.length - offset, MIB - within);
    const expected = numbered(base, index).subarray(within, within + length);
    check(
      Buffer.compare(bytes.subarray(offset, offset + length), expected) === 0,
      `bytes ${position + offset} to ${position + offset + length} are not what was stored`,
    );
    offset += length;
  }
}
