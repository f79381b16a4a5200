import { vi } from 'vitest';

import { DatabaseReader } from '../../src/lib/snapshot/database-reader.ts';

type ReadBlock = DatabaseReader['readBlock'];

/** Each is told which reading of a block this is, from 1 on. Returns how many there were so far. To be undone by `vi.restoreAllMocks`. */
function aroundReads(
  before: (read: number) => Promise<void>,
  after: (read: number, used: number) => Promise<void>,
): () => number {
  const readBlock: ReadBlock = Reflect.get(DatabaseReader.prototype, 'readBlock');
  let reads = 0;
  vi.spyOn(DatabaseReader.prototype, 'readBlock').mockImplementation(async function (
    this: DatabaseReader,
    ...args
  ) {
    reads += 1;
    const read = reads;
    await before(read);
    const isWhole = await readBlock.apply(this, args);
    await after(read, args[1].use?.usedCount ?? 0);
    return isWhole;
  });
  return () => reads;
}

/** Has `happen` take place before a copy reads its first block. To be undone by `vi.restoreAllMocks`. */
export function beforeFirstBlock(happen: () => Promise<void>): void {
  aroundReads(
    async (read) => {
      if (read === 1) await happen();
    },
    async () => {},
  );
}

/**
 * Has `happen` take place when the first pass of a copy has read its last block and has not been judged yet. To be undone
 * by `vi.restoreAllMocks`.
 *
 * @returns how many blocks have been read so far.
 */
export function afterLastBlock(happen: () => Promise<void>): () => number {
  return aroundReads(
    async () => {},
    async (read, used) => {
      if (read === used) await happen();
    },
  );
}
