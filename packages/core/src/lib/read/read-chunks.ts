/** Reads the chunks of one file from wherever they lie: neighbours joined to one range, several ranges in flight. */

import { type ObjectKey, objectKey } from '@quackup/target-api';

import type { ChunkLocation } from '../archive/chunk-table.ts';
import type { Codec } from '../archive/compression.ts';
import { type ArchiveIndex, chunkRange } from '../archive/index-file.ts';
import { freeMemory } from '../archive/free-memory.ts';
import { orderedMap } from '../archive/ordered-map.ts';
import { sha256 } from '../archive/sha256.ts';
import { QuackupError } from '../errors.ts';
import type { ArchiveReader } from './archive-reader.ts';
import { type ChunkPlace, DamagedChunk } from './damaged-chunk.ts';
import { codecOfArchive } from './load-backup.ts';

/** A range is joined up to this many bytes of chunks, stored or decoded, whichever is more. */
const RANGE_BYTES = 4 * 1024 * 1024;
/** Bytes between two frames that are rather read than asked for separately: the zero frames of free blocks. */
const GAP_BYTES = 64 * 1024;
/** Ranges in flight, unless the target's limits say otherwise. Their decoded bytes are what bounds memory: 6 x 4 MiB. */
export const RANGES_IN_FLIGHT = 6;

/** A chunk as it was when it was backed up: its hash has been checked. */
export interface ReadChunk {
  readonly chunk: number;
  readonly bytes: Uint8Array;
  /** Whether the bytes have memory of their own. */
  readonly owned: boolean;
}

/** Neighbouring chunks that are read at once. Offsets in bytes of the archive. */
export interface Range {
  readonly archive: number;
  readonly start: number;
  end: number;
  bytes: number;
  readonly chunks: { readonly chunk: number; readonly location: ChunkLocation; readonly length: number }[];
}

/**
 * The chunks of file number `file` in order, holes left out. `visit` is called for each as soon as it is decoded, several
 * at once; the next ones are held back until it is done.
 *
 * @throws BACKUP_DAMAGED if an archive is gone or a chunk is not what was backed up.
 */
export async function readChunks(
  archives: ArchiveReader,
  index: ArchiveIndex,
  file: number,
  visit: (chunk: ReadChunk) => Promise<void> | void,
): Promise<void> {
  const limit = archives.client.concurrency(RANGES_IN_FLIGHT);
  const visited = orderedMap(ranges(index, file), limit, async (range) => {
    const decoding = await readRange(archives, index, file, range);
    await Promise.all(
      decoding.map(async (decoded) => {
        const chunk = await decoded;
        await visit(chunk);
        // An uncompressed chunk is a part of what was read in one piece with its neighbours.
        if (chunk.owned) freeMemory(chunk.bytes);
      }),
    );
  });
  for await (const _ of visited);
}

/** As {@link readChunks}, but one after another in order. */
export async function* chunksInOrder(
  archives: ArchiveReader,
  index: ArchiveIndex,
  file: number,
): AsyncGenerator<ReadChunk, void, undefined> {
  const limit = archives.client.concurrency(RANGES_IN_FLIGHT);
  for await (const chunks of orderedMap(ranges(index, file), limit, async (range) =>
    Promise.all(await readRange(archives, index, file, range)),
  )) {
    yield* chunks;
  }
}

/** One chunk, or undefined if it is a hole. */
export async function readChunk(
  archives: ArchiveReader,
  index: ArchiveIndex,
  file: number,
  chunk: number,
): Promise<Uint8Array | undefined> {
  const location = index.tables[file]?.location(chunk);
  const indexed = index.head.files[file];
  if (location === undefined || indexed === undefined) return undefined;
  const { length } = chunkRange(indexed, chunk);
  const range: Range = {
    archive: location.archive,
    start: location.offset,
    end: location.offset + location.length,
    bytes: length,
    chunks: [{ chunk, location, length }],
  };
  const [decoding] = await readRange(archives, index, file, range);
  return (await decoding)?.bytes;
}

/** The ranges of file number `file`, in order; holes are in none. */
export function* ranges(index: ArchiveIndex, file: number): Generator<Range, void, undefined> {
  const table = index.tables[file];
  const indexed = index.head.files[file];
  if (table === undefined || indexed === undefined) return;
  let range: Range | undefined;
  for (let chunk = 0; chunk < table.count; chunk += 1) {
    const location = table.location(chunk);
    if (location === undefined) continue;
    const { length } = chunkRange(indexed, chunk);
    const end = location.offset + location.length;
    const joins =
      range !== undefined &&
      range.archive === location.archive &&
      location.offset >= range.end &&
      location.offset - range.end <= GAP_BYTES &&
      end - range.start <= RANGE_BYTES &&
      range.bytes + length <= RANGE_BYTES;
    if (range === undefined || !joins) {
      if (range !== undefined) yield range;
      range = { archive: location.archive, start: location.offset, end, bytes: 0, chunks: [] };
    }
    range.end = end;
    range.bytes += length;
    range.chunks.push({ chunk, location, length });
  }
  if (range !== undefined) yield range;
}

async function readRange(
  archives: ArchiveReader,
  index: ArchiveIndex,
  file: number,
  range: Range,
): Promise<Promise<ReadChunk>[]> {
  const key = archiveKeyOf(index, range.archive);
  const stored = await readStored(archives, key, range.start, range.end - range.start);
  const codec = codecOfArchive(key);
  const table = index.tables[file];
  const database = index.head.files[file]?.database ?? '';
  return range.chunks.map(async ({ chunk, location, length }) => {
    const at = location.offset - range.start;
    const frame = stored.subarray(at, at + location.length);
    return {
      chunk,
      owned: codec.algorithm !== 'none',
      bytes: await decodeChunk(codec, frame, length, table?.hash(chunk), { archive: key, chunk, database }),
    };
  });
}

/** The key of an archive that an index names. */
export function archiveKeyOf(index: ArchiveIndex, archive: number): ObjectKey {
  return objectKey(index.head.archives[archive]?.name ?? '');
}

/** @throws BACKUP_DAMAGED if the archive is gone or too short. */
export function readStored(
  archives: ArchiveReader,
  key: ObjectKey,
  start: number,
  length: number,
): Promise<Buffer> {
  return whileThere(key, () => archives.readRange(key, start, length));
}

/** @throws BACKUP_DAMAGED if the archive is gone; whatever else `read` throws. */
export async function whileThere<Result>(key: ObjectKey, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    if ((error as { code?: string }).code !== 'NOT_FOUND') throw error;
    throw new QuackupError('BACKUP_DAMAGED', `the archive ${key} is gone`, {
      cause: error,
      hint: 'use a backup that does not refer to it',
    });
  }
}

/**
 * Decodes a frame and checks that it is the chunk that was backed up.
 *
 * @param place Where the frame was read.
 * @throws DamagedChunk
 */
export async function decodeChunk(
  codec: Codec,
  frame: Uint8Array,
  length: number,
  hash: Uint8Array | undefined,
  place: ChunkPlace,
): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await codec.decode(frame, length);
  } catch (error) {
    throw new DamagedChunk(place, (error as Error).message);
  }
  if (hash === undefined || !Buffer.from(await sha256(bytes)).equals(hash)) {
    throw new DamagedChunk(place, 'its SHA-256 is another');
  }
  return bytes;
}
