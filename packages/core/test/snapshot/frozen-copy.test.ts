import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { HEAD_SIZE } from '@quackup/duckdb-file';
import { AlignedBuffers } from '@quackup/target-api';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { FrozenCopy } from '../../src/lib/snapshot/frozen-copy.ts';
import { tempFolder } from '../make-database.ts';

const BLOCK = 4096;
const BLOCKS = 12;

/** A pass: how many blocks the database has, what is written, and what else is known to be as it was. */
const pass = fc.record({
  count: fc.integer({ min: 0, max: BLOCKS }),
  written: fc.uniqueArray(fc.nat(BLOCKS - 1)),
  trusted: fc.uniqueArray(fc.nat(BLOCKS - 1)),
});

test('a copy that becomes a file is what its readers get, whatever earlier passes wrote', async () => {
  using folder = tempFolder();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(pass, { minLength: 1, maxLength: 4 }), async (passes) => {
      run += 1;
      await using copy = await FrozenCopy.create(join(folder.path, `${run}`), true);
      const written = new Set<number>();
      for (const [number, { count, ...blocks }] of passes.entries()) {
        copy.begin(count);
        for (const id of blocks.trusted) if (id < count && written.has(id)) copy.hold(id);
        for (const id of blocks.written) {
          if (id >= count) continue;
          await copy.write(id, Buffer.alloc(BLOCK, 16 * (number + 1) + id));
          written.add(id);
          copy.hold(id);
        }
      }
      const head = Buffer.alloc(HEAD_SIZE, 1);
      const read: Buffer[] = [];
      for await (const { bytes } of copy.chunks(head, BLOCK))
        read.push(Buffer.from(bytes ?? Buffer.alloc(BLOCK)));
      const to = join(folder.path, 'copy');
      expect(await copy.moveTo(to, head, BLOCK)).toBe(true);
      expect(readFileSync(to).equals(Buffer.concat(read))).toBe(true);
      rmSync(to);
    }),
    { numRuns: 60 },
  );
});

test('memory for a copy that is kept is the same for all passes, and given back; any other has none', async () => {
  using folder = tempFolder();
  const copy = await FrozenCopy.create(join(folder.path, 'kept'), true);
  const [buffer] = copy.buffers(3, BLOCK);
  expect(copy.buffers(3, BLOCK)[0]).toBe(buffer);
  await copy[Symbol.asyncDispose]();
  using next = new AlignedBuffers(3, BLOCK);
  expect(next.buffers[0]?.buffer).toBe(buffer?.buffer);
  await using other = await FrozenCopy.create(join(folder.path, 'other'));
  expect(other.buffers(3, BLOCK)).toEqual([]);
});

const MEMORY = '/dev/shm';

test.skipIf(!existsSync(MEMORY))(
  'a copy stays where it is if the file is to be on another disk',
  async () => {
    using folder = tempFolder();
    const elsewhere = mkdtempSync(join(MEMORY, 'quackup-test-'));
    try {
      const path = join(elsewhere, 'scratch');
      await using copy = await FrozenCopy.create(path, true);
      copy.begin(1);
      await copy.write(0, Buffer.alloc(BLOCK, 2));
      copy.hold(0);
      const to = join(folder.path, 'copy');
      expect(await copy.moveTo(to, Buffer.alloc(HEAD_SIZE), BLOCK)).toBe(false);
      expect([existsSync(path), existsSync(to)]).toEqual([true, false]);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  },
);
