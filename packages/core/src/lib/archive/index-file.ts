/**
 * The index: the archive's last entry, `backup_X/index`. For every chunk of every file its hash and where it lies.
 *
 *     head    first frame    "QKINDEX1", u32 LE length of the JSON, the JSON, then u32 LE a page: its stored length
 *     pages   a frame each   see chunk-table.ts; the files' pages one after another, in the order of `files`
 *
 * The JSON names the archives, the files and the databases, so a lost manifest can be made again from the archive
 * alone. Pages can be read one by one: nothing needs the whole index in memory but what chooses to.
 */
import { z } from 'zod';

import { QuackupError } from '../errors.ts';
import {
  archiveReference,
  databaseEntry,
  describeIssues,
  failedDatabase,
  fields,
  fileRole,
  FORMAT_VERSION,
  isNotEmpty,
  listOf,
  MAX_CHUNK_BYTES,
} from '../format/schema.ts';
import {
  ChunkTable,
  CHUNKS_PER_PAGE,
  chunksInPage,
  HASH_BYTES,
  MAX_CHUNKS,
  pageBytes,
} from './chunk-table.ts';
import type { Codec } from './compression.ts';

const MAGIC = Buffer.from('QKINDEX1', 'latin1');
const PREFIX_BYTES = MAGIC.length + 4;
const NO_HASH = Buffer.alloc(HASH_BYTES);

const indexFileSchema = z.strictObject({
  /** Name of the database that it belongs to. */
  database: z.string().min(1),
  role: fileRole,
  sizeBytes: fields.safeInteger,
  /** Length of the first chunk: the database's head of 12 KiB; 0 if there is no such chunk. */
  headBytes: z.int().min(0).max(MAX_CHUNK_BYTES),
  /** Length of every other chunk; the last one may be shorter. */
  chunkBytes: z.int().min(512).max(MAX_CHUNK_BYTES),
  chunks: fields.safeInteger,
});

const indexHeadSchema = z.strictObject({
  format: z.literal(FORMAT_VERSION),
  backup: fields.archiveName,
  kind: z.enum(['full', 'incremental']),
  createdAt: fields.timestamp,
  /** Archives by place; the first is this one, whose size and hash cannot be known in here. */
  archives: listOf(z.union([z.strictObject({ name: fields.archiveName }), archiveReference])).refine(
    isNotEmpty,
  ),
  databases: listOf(databaseEntry).refine(isNotEmpty),
  failed: listOf(failedDatabase),
  files: listOf(indexFileSchema).refine(isNotEmpty),
});

export type IndexHead = z.infer<typeof indexHeadSchema>;
export type IndexedFile = z.infer<typeof indexFileSchema>;

/** An index in memory: the head, and a table for each of its files, in the same order. */
export interface ArchiveIndex {
  readonly head: IndexHead;
  readonly tables: readonly ChunkTable[];
}

/** Chunks of a file of `sizeBytes`. */
export function countChunks(file: Pick<IndexedFile, 'sizeBytes' | 'headBytes' | 'chunkBytes'>): number {
  const { sizeBytes, headBytes, chunkBytes } = file;
  return (headBytes > 0 ? 1 : 0) + Math.ceil((sizeBytes - headBytes) / chunkBytes);
}

/** Where chunk `chunk` lies in its file, and its length, both in bytes. */
export function chunkRange(
  file: IndexedFile,
  chunk: number,
): { readonly start: number; readonly length: number } {
  const { sizeBytes, headBytes, chunkBytes } = file;
  if (headBytes > 0 && chunk === 0) return { start: 0, length: headBytes };
  const start = headBytes + (headBytes > 0 ? chunk - 1 : chunk) * chunkBytes;
  return { start, length: Math.min(chunkBytes, sizeBytes - start) };
}

/** The index's bytes, encoded, frame by frame: the head first. */
export interface EncodedIndex {
  /** Bytes before encoding, for the tar entry's head. */
  readonly sizeBytes: number;
  /** Of the head before encoding. */
  readonly headBytes: number;
  readonly frames: readonly Uint8Array[];
}

/** Encodes an index. Its pages are compressed first, since the head says how long they are. */
export async function encodeIndex(index: ArchiveIndex, codec: Codec): Promise<EncodedIndex> {
  const pages = index.tables.flatMap((table) => table.pages);
  const encoded: Uint8Array[] = [];
  for (const page of pages) encoded.push(await codec.encode(page));
  const json = Buffer.from(JSON.stringify(index.head));
  const head = Buffer.alloc(PREFIX_BYTES + json.length + encoded.length * 4);
  MAGIC.copy(head);
  head.writeUInt32LE(json.length, MAGIC.length);
  json.copy(head, PREFIX_BYTES);
  for (const [page, { length }] of encoded.entries()) {
    head.writeUInt32LE(length, PREFIX_BYTES + json.length + page * 4);
  }
  const sizeBytes = pages.reduce((sum, page) => sum + page.length, head.length);
  return { sizeBytes, headBytes: head.length, frames: [await codec.encode(head), ...encoded] };
}

/** What the head of an index says, with the stored length of each page. */
export interface ParsedIndexHead {
  readonly head: IndexHead;
  readonly pageLengths: readonly number[];
}

/**
 * @param bytes The head, decoded.
 * @throws QuackupError `BACKUP_DAMAGED` if it is not the head of an index.
 * @throws QuackupError `FORMAT_UNSUPPORTED` if a newer version wrote it.
 */
export function parseIndexHead(bytes: Uint8Array): ParsedIndexHead {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < PREFIX_BYTES || !buffer.subarray(0, MAGIC.length - 1).equals(MAGIC.subarray(0, -1))) {
    throw damaged('it does not begin as one');
  }
  if (buffer[MAGIC.length - 1] !== MAGIC.at(-1)) {
    throw new QuackupError('FORMAT_UNSUPPORTED', 'the index was written by a newer version of Quackup', {
      hint: 'use the version of Quackup that wrote it, or a newer one',
    });
  }
  const jsonEnd = PREFIX_BYTES + buffer.readUInt32LE(MAGIC.length);
  if (jsonEnd > buffer.length) throw damaged('it is cut off');
  let value: unknown;
  try {
    value = JSON.parse(buffer.toString('utf8', PREFIX_BYTES, jsonEnd));
  } catch (error) {
    throw damaged('its head is not JSON', error);
  }
  const result = indexHeadSchema.safeParse(value);
  if (!result.success) throw damaged(describeIssues(result.error));
  const head = result.data;
  let pages = 0;
  let chunks = 0;
  for (const file of head.files) {
    chunks += file.chunks;
    if (chunks > MAX_CHUNKS) throw damaged(`it has more than ${MAX_CHUNKS} chunks`);
    if (file.headBytes > file.sizeBytes || file.chunks !== countChunks(file)) {
      throw damaged(`it has ${file.chunks} chunks for ${file.sizeBytes} bytes of ${file.database}`);
    }
    pages += Math.ceil(file.chunks / CHUNKS_PER_PAGE);
  }
  if (buffer.length !== jsonEnd + pages * 4) throw damaged(`it does not have ${pages} pages`);
  const pageLengths = Array.from({ length: pages }, (_, page) => buffer.readUInt32LE(jsonEnd + page * 4));
  return { head, pageLengths };
}

/**
 * Reads the pages of an index.
 *
 * @param stored The pages' frames as they lie in the archive, one after another.
 * @throws QuackupError `BACKUP_DAMAGED` if they do not decode or point at what cannot be.
 */
export async function decodePages(
  parsed: ParsedIndexHead,
  stored: Uint8Array,
  codec: Codec,
): Promise<ArchiveIndex> {
  const { head, pageLengths } = parsed;
  const tables: ChunkTable[] = [];
  const holes = new Map<number, Uint8Array>();
  let page = 0;
  let offset = 0;
  for (const file of head.files) {
    const pages: Uint8Array[] = [];
    for (let ofFile = 0; ofFile * CHUNKS_PER_PAGE < file.chunks; ofFile += 1) {
      const length = pageLengths[page] ?? 0;
      const frame = stored.subarray(offset, offset + length);
      const chunks = chunksInPage(file.chunks, ofFile);
      const decoded = await codec.decode(frame, pageBytes(chunks));
      // Nothing but holes takes twenty bytes to store: such pages are one page, or a few of them would fill the memory.
      let empty = holes.get(chunks);
      if (empty === undefined) {
        empty = ChunkTable.create(chunks).pages[0] ?? decoded;
        holes.set(chunks, empty);
      }
      pages.push(Buffer.compare(empty, decoded) === 0 ? empty : decoded);
      page += 1;
      offset += length;
    }
    const table = ChunkTable.fromPages(file.chunks, pages);
    checkTable(head, file, table);
    tables.push(table);
  }
  if (offset !== stored.length) throw damaged(`its pages take ${offset} bytes, not ${stored.length}`);
  return { head, tables };
}

/** Refuses what no backup holds: unknown archives, frames much larger than their chunk, a head that is a hole. */
function checkTable(head: IndexHead, file: IndexedFile, table: ChunkTable): void {
  for (let chunk = 0; chunk < table.count; chunk += 1) {
    const location = table.location(chunk);
    const { length } = chunkRange(file, chunk);
    if (location === undefined) {
      const mayBeHole = file.role === 'database' && chunk > 0;
      if (!mayBeHole || !table.hash(chunk).equals(NO_HASH))
        throw damaged(`chunk ${chunk} of the ${file.role} of ${file.database} is missing`);
      continue;
    }
    if (location.archive >= head.archives.length) {
      throw damaged(`chunk ${chunk} of ${file.database} lies in an archive that it does not name`);
    }
    if (
      location.length === 0 ||
      location.length > length + (length >> 7) + 512 ||
      !Number.isSafeInteger(location.offset)
    ) {
      throw damaged(`chunk ${chunk} of ${file.database} has a frame of ${location.length} bytes`);
    }
  }
}

function damaged(why: string, cause?: unknown): QuackupError {
  return new QuackupError('BACKUP_DAMAGED', `the index is damaged: ${why}`, { cause });
}
