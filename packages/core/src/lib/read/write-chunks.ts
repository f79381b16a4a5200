import type { FileHandle } from 'node:fs/promises';

import { AgeError } from '@quackup/age';

import { type ArchiveIndex, chunkRange } from '../archive/index-file.ts';
import { orderedMap } from '../archive/ordered-map.ts';
import { ageFailure } from '../encryption/age-failure.ts';
import { writeFully } from '../snapshot/read-fully.ts';
import type { ArchiveReader } from './archive-reader.ts';
import { DamagedChunk } from './damaged-chunk.ts';
import { DecodeThreads } from './decode-threads.ts';
import type { DecodeTask } from './decode-task.ts';
import { codecOfArchive } from './load-backup.ts';
import { archiveKeyOf, type Range, ranges, RANGES_IN_FLIGHT, readChunks, whileThere } from './read-chunks.ts';

/** Starting threads takes longer than decoding so few chunks. */
const LEAST_CHUNKS_FOR_THREADS = 128;

/**
 * Writes the chunks of file number `file` to their places, each checked against the hash that the backup recorded. Holes
 * are not written.
 *
 * @throws BACKUP_DAMAGED if an archive is gone or a chunk is not what was backed up.
 */
export async function writeChunks(
  archives: ArchiveReader,
  index: ArchiveIndex,
  file: number,
  handle: FileHandle,
  onBytes?: (bytes: number) => void,
): Promise<void> {
  const entry = index.head.files[file];
  if (entry === undefined) return;
  if (entry.chunks < LEAST_CHUNKS_FOR_THREADS) {
    await readChunks(archives, index, file, async ({ chunk, bytes }) => {
      await writeFully(handle, bytes, chunkRange(entry, chunk).start);
      onBytes?.(bytes.length);
    });
    return;
  }
  await using threads = new DecodeThreads();
  const limit = archives.client.concurrency(RANGES_IN_FLIGHT);
  const written = orderedMap(ranges(index, file), limit, async (range) => {
    const answer = await threads.run(await taskOf(archives, index, file, range, handle.fd));
    const archive = archiveKeyOf(index, range.archive);
    if (answer.ok) {
      onBytes?.(answer.bytes);
      return;
    }
    if ('seal' in answer) {
      const { code, message, offset } = answer.seal;
      const failure = new AgeError(code, message, offset === undefined ? {} : { offset });
      throw ageFailure(archive, failure);
    }
    if ('errno' in answer) {
      const { code, message } = answer.errno;
      throw Object.assign(new Error(message), { code, syscall: 'write' });
    }
    const { chunk, message } = answer;
    throw new DamagedChunk({ archive, chunk, database: entry.database }, message);
  });
  for await (const _ of written);
}

async function taskOf(
  archives: ArchiveReader,
  index: ArchiveIndex,
  file: number,
  range: Range,
  fd: number,
): Promise<DecodeTask> {
  const entry = index.head.files[file];
  const table = index.tables[file];
  if (entry === undefined || table === undefined) throw new Error(`the index has no file ${file}`);
  const key = archiveKeyOf(index, range.archive);
  const { stored, ...sealed } = await whileThere(key, () =>
    archives.readStored(key, range.start, range.end - range.start),
  );
  return {
    algorithm: codecOfArchive(key).algorithm,
    fd,
    ...sealed,
    // It goes to another thread whole, so it must not be a part of anything else.
    stored: stored.byteLength === stored.buffer.byteLength ? stored : new Uint8Array(stored),
    frames: range.chunks.map(({ chunk, location, length }) => ({
      chunk,
      at: location.offset - range.start,
      length: location.length,
      chunkBytes: length,
      sha256: table.hash(chunk),
      position: chunkRange(entry, chunk).start,
    })),
  };
}
