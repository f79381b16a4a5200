/**
 * The first reading of an incremental backup: every block is hashed and compared with what the bases have in its place.
 * Only SHA-256 decides. DuckDB's own checksum of a block is a sum in which words may change places unnoticed.
 */
import type { ArchiveFile } from '../archive/archive-file.ts';
import { CHUNKS_IN_FLIGHT } from '../archive/archive-writer.ts';
import type { Base } from '../archive/base.ts';
import { BlockSelection } from '../archive/block-selection.ts';
import type { ChunkTable } from '../archive/chunk-table.ts';
import { createChunkEncoder } from '../archive/encode-chunk.ts';
import { countChunks } from '../archive/index-file.ts';
import { orderedMap } from '../archive/ordered-map.ts';

/** Compresses nothing: what is wanted of the threads are the hashes. */
const ONLY_HASHES = { algorithm: 'none' } as const;

/**
 * Which blocks of a database's main file must be stored: those that are not the same on every target. So one archive does
 * for all of them, and a target that was away gets what it missed.
 *
 * @param onBytes Told of every chunk, in bytes of the database.
 */
export async function compareChunks(
  file: ArchiveFile,
  bases: readonly Base[],
  onBytes: (bytes: number) => void,
): Promise<BlockSelection> {
  const count = countChunks(file);
  const selection = new BlockSelection(count);
  const tables = bases.map((base) => base.tableOf(file));
  await using hasher = createChunkEncoder(ONLY_HASHES, count, file.inUse);
  const hashed = orderedMap(file.chunks(), CHUNKS_IN_FLIGHT, async (part) => {
    const { bytes } = part;
    if (bytes === undefined) return { length: file.chunkBytes };
    const { hash } = await hasher.encode(bytes);
    part.release?.();
    return { hash, length: bytes.length };
  });
  let chunk = 0;
  for await (const { hash, length } of hashed) {
    if (chunk > 0 && hash !== undefined) {
      if (tables.every((table) => isSame(table, chunk, hash))) selection.reuse(chunk);
      else selection.store(chunk, length);
    }
    onBytes(length);
    chunk += 1;
  }
  if (chunk !== count) throw new Error(`${file.database} gave ${chunk} chunks, not ${count}`);
  return selection;
}

function isSame(table: ChunkTable | undefined, chunk: number, hash: Uint8Array): boolean {
  return (
    table !== undefined &&
    chunk < table.count &&
    table.location(chunk) !== undefined &&
    table.hash(chunk).equals(hash)
  );
}
