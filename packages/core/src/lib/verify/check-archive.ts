/**
 * Level `archive`: one reading of an archive from its first byte to its last. Its length and hash are compared with the
 * manifest, and every chunk that lies in it is decoded and compared with the index. An encrypted archive is decrypted on the
 * way, if there is a key.
 */
import type { Identity } from '@quackup/age';
import type { ChunkLocation } from '../archive/chunk-table.ts';
import { type ArchiveIndex, chunkRange } from '../archive/index-file.ts';
import { freeMemory } from '../archive/free-memory.ts';
import { orderedMap } from '../archive/ordered-map.ts';
import { isTargetError, objectKey } from '@quackup/target-api';
import { QuackupError } from '../errors.ts';
import { describeSize, hasSizeOf } from '../format/archive-size.ts';
import type { Manifest, StoredManifest } from '../format/manifest.ts';
import type { ArchiveReference } from '../format/schema.ts';
import { ArchiveContent } from '../read/archive-content.ts';
import { codecOfArchive } from '../read/load-backup.ts';
import { decodeChunk, type ReadChunk } from '../read/read-chunks.ts';
import type { TargetClient } from '../target/target-client.ts';
import { ArchiveBytes } from './archive-bytes.ts';
import type { Problems } from './problems.ts';

const FRAMES_IN_FLIGHT = 24;

/** The place of a chunk in the archive that is read. */
interface Wanted {
  readonly file: number;
  readonly chunk: number;
  readonly location: ChunkLocation;
}

export interface CheckArchiveOptions {
  /** Absent if the index is damaged: then only length and hash are checked. */
  readonly index: ArchiveIndex | undefined;
  /** For an encrypted archive, which without keys is not decrypted. */
  readonly identities?: readonly Identity[];
  /** Called for each good chunk of the archive, in order. */
  readonly onChunk?: (file: number, chunk: Pick<ReadChunk, 'chunk' | 'bytes'>) => void;
  readonly onBytes?: (bytes: number) => void;
}

export async function checkArchive(
  client: TargetClient,
  archive: (StoredManifest | Manifest)['archive'] | ArchiveReference,
  problems: Problems,
  { index, identities, onChunk, onBytes }: CheckArchiveOptions,
): Promise<void> {
  const { name, sha256 } = archive;
  const report = (message: string): void => problems.add({ code: 'BACKUP_DAMAGED', object: name, message });
  const content = new ArchiveContent(client, name, { identities, onBytes });
  const reader = new ArchiveBytes(content);
  const codec = codecOfArchive(name);
  try {
    const frames = index === undefined ? [] : framesOf(reader, ownChunks(index, report));
    const decoded = orderedMap(frames, FRAMES_IN_FLIGHT, async ({ file, chunk, frame }) => {
      const entry = index?.head.files[file];
      const hash = index?.tables[file]?.hash(chunk);
      if (entry === undefined) return undefined;
      try {
        const { length } = chunkRange(entry, chunk);
        const place = { archive: objectKey(name), chunk, database: entry.database };
        const bytes = await decodeChunk(codec, frame, length, hash, place);
        if (codec.algorithm !== 'none') freeMemory(frame);
        return { file, chunk, bytes };
      } catch (error) {
        if (!(error instanceof QuackupError)) throw error;
        problems.add({ code: error.code, object: name, database: entry.database, message: error.message });
        return undefined;
      }
    });
    for await (const chunk of decoded) {
      if (chunk === undefined) continue;
      onChunk?.(chunk.file, chunk);
      freeMemory(chunk.bytes);
    }
    await reader.drain();
  } catch (error) {
    if (isTargetError(error) && error.code === 'NOT_FOUND') {
      report('the archive is gone');
      return;
    }
    if (!(error instanceof QuackupError)) throw error;
    problems.add({ code: error.code, object: name, message: error.message });
    return;
  }
  const header = 'header' in archive ? archive.header : undefined;
  const found = content.digest.finish();
  if (!hasSizeOf(archive, content.length)) report(`it ${describeSize(archive, content.length)}`);
  else if (found.sha256 !== sha256) report('its SHA-256 is not the one that was recorded');
  else if (header !== undefined && found.header.sha256 !== header.sha256)
    report('its header, which says who can read it, is not the one that was recorded');
}

async function* framesOf(
  reader: ArchiveBytes,
  wanted: Iterable<Wanted>,
): AsyncGenerator<Wanted & { readonly frame: Buffer }, void, undefined> {
  for (const want of wanted) {
    yield { ...want, frame: await reader.take(want.location.offset, want.location.length) };
  }
}

function* ownChunks(
  index: ArchiveIndex,
  report: (message: string) => void,
): Generator<Wanted, void, undefined> {
  let end = 0;
  for (const [file, table] of index.tables.entries()) {
    for (let chunk = 0; chunk < table.count; chunk += 1) {
      const location = table.location(chunk);
      if (location === undefined || location.archive !== 0) continue;
      if (location.offset < end) {
        report(`the index has chunk ${chunk} of file ${file} out of order`);
        return;
      }
      end = location.offset + location.length;
      yield { file, chunk, location };
    }
  }
}
