/**
 * Writes an archive: one ordinary compressed tar file in which every chunk is a frame of its own.
 *
 *     frame   tar head of backup_X/backup_metadata.json and its content
 *     frame   [padding of the entry before] tar head of backup_X/results.duckdb
 *     frame   chunk 0: the database's head of 12 KiB
 *     frame   chunk 1: block 0                       a free block: a frame of zeros, not in the index
 *     ...
 *     frame   [padding] tar head of backup_X/results.duckdb.wal
 *     frame   ...
 *     frame   [padding] tar head of backup_X/index
 *     frame   the index's head, then its pages
 *     frame   [padding] 1,024 zeros
 *
 * One pass, in order, with bounded memory: chunks are hashed and compressed on other threads, a few at once.
 */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';

import { type ArchiveFile, type FileChunk, fileName } from './archive-file.ts';
import type { Compression } from '../api.ts';
import { QuackupError } from '../errors.ts';
import { ChunkTable, MAX_CHUNKS } from './chunk-table.ts';
import type { Codec } from './compression.ts';
import { type ChunkEncoder, createChunkEncoder } from './encode-chunk.ts';
import { chunkRange, countChunks, encodeIndex, type IndexedFile, type IndexHead } from './index-file.ts';
import { orderedMap } from './ordered-map.ts';
import { type PackedPiece, packPages } from './pack-pages.ts';
import { TAR_END, tarHead, tarPadding } from './tar-entry.ts';

export interface ArchivePlan {
  /** The backup's name, which is also the folder in the tar. */
  readonly name: string;
  readonly createdAt: Date;
  readonly codec: Codec;
  /** What `codec` was made of. */
  readonly compression: Compression;
  /** Content of `backup_metadata.json`. */
  readonly metadata: string;
  /** The databases' files, by database, each read when its turn comes. */
  readonly databases: readonly {
    readonly files: readonly ArchiveFile[];
    /** Called when all its files have been read; a rejection ends the archive. */
    readonly confirm: () => Promise<void>;
  }[];
  /** The index's head but for archives and files; asked for when all databases are confirmed. */
  describe(
    stored: ReadonlyMap<string, number>,
  ): Omit<IndexHead, 'archives' | 'files' | 'format' | 'backup' | 'createdAt'>;
  /** Told of every chunk that has been read, in bytes of the database. */
  onChunk?(database: string, bytes: number): void;
}

/** What is known of an archive once its last byte has been read. */
export interface WrittenArchive {
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly index: {
    readonly offset: number;
    readonly length: number;
    readonly headLength: number;
    readonly headBytes: number;
    readonly sha256: string;
  };
}

/** Chunks in flight: enough to keep every core busy while the oldest one is being written. */
const IN_FLIGHT = Math.min(64, Math.max(8, availableParallelism() * 4));

type Piece =
  | { readonly kind: 'glue'; readonly bytes: Uint8Array }
  | { readonly kind: 'hole'; readonly length: number; readonly file: number }
  | {
      readonly kind: 'chunk';
      readonly file: number;
      readonly chunk: number;
      readonly content: Uint8Array;
      release?(): void;
    };

interface Frame {
  readonly bytes: Uint8Array;
  readonly piece: Piece;
  readonly hash?: Uint8Array;
  /** The frame's memory is its own, and is freed when the frame has been packed. */
  readonly owned: boolean;
  /** Called when the frame has been packed. */
  release?(): void;
}

export class ArchiveWriter {
  readonly #plan: ArchivePlan;
  readonly #tables: { readonly file: IndexedFile; readonly table: ChunkTable }[] = [];
  readonly #stored = new Map<string, number>();
  readonly #digest = createHash('sha256');
  readonly #zeroFrames = new Map<number, Promise<Uint8Array>>();
  #offset = 0;
  #chunks = 0;
  #written: WrittenArchive | undefined;

  constructor(plan: ArchivePlan) {
    this.#plan = plan;
  }

  /** The archive. Available when {@link bytes} has been read to its end. */
  get written(): WrittenArchive {
    if (this.#written === undefined) throw new Error('the archive has not been written to its end');
    return this.#written;
  }

  /** The archive's bytes, once. A failure of a source, of `confirm` or of the reader ends it. */
  bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    return packPages(this.#frames());
  }

  async *#frames(): AsyncGenerator<PackedPiece, void, undefined> {
    const { codec, compression } = this.#plan;
    await using encoder = createChunkEncoder(compression, this.#expectedChunks());
    const frames = orderedMap(this.#pieces(), IN_FLIGHT, (piece) => this.#encode(piece, encoder));
    for await (const frame of frames) {
      const { bytes, piece, hash, owned } = frame;
      if (piece.kind === 'chunk' && hash !== undefined) {
        this.#record(piece.file, piece.chunk, hash, bytes.length);
      }
      yield { bytes: this.#count(bytes), owned };
      frame.release?.();
    }
    const files = this.#tables.map(({ file }) => file);
    const index = await encodeIndex(
      {
        head: {
          format: 1,
          backup: this.#plan.name,
          createdAt: this.#plan.createdAt.toISOString(),
          ...this.#plan.describe(this.#stored),
          archives: [{ name: `${this.#plan.name}${codec.extension}` }],
          files,
        },
        tables: this.#tables.map(({ table }) => table),
      },
      codec,
    );
    yield { bytes: this.#count(await codec.encode(this.#glue('index', index.sizeBytes))), owned: false };
    const offset = this.#offset;
    const digest = createHash('sha256');
    for (const frame of index.frames) {
      digest.update(frame);
      yield { bytes: this.#count(frame), owned: false };
    }
    const length = this.#offset - offset;
    const end = await codec.encode(Buffer.concat([tarPadding(index.sizeBytes), TAR_END]));
    yield { bytes: this.#count(end), owned: false };
    this.#written = {
      sizeBytes: this.#offset,
      sha256: this.#digest.digest('hex'),
      index: {
        offset,
        length,
        headLength: index.frames[0]?.length ?? 0,
        headBytes: index.headBytes,
        sha256: digest.digest('hex'),
      },
    };
  }

  #padding: Uint8Array = new Uint8Array(0);

  /** The padding of the entry before and the head of the next. */
  #glue(path: string, size: number): Buffer {
    const { name, createdAt } = this.#plan;
    const glue = Buffer.concat([
      this.#padding,
      tarHead({ path: `${name}/${path}`, size, modifiedAt: createdAt }),
    ]);
    this.#padding = tarPadding(size);
    return glue;
  }

  async *#pieces(): AsyncGenerator<Piece, void, undefined> {
    const metadata = Buffer.from(this.#plan.metadata);
    yield {
      kind: 'glue',
      bytes: Buffer.concat([this.#glue('backup_metadata.json', metadata.length), metadata]),
    };
    for (const { files, confirm } of this.#plan.databases) {
      for (const file of files) {
        yield { kind: 'glue', bytes: this.#glue(fileName(file.database, file.role), file.sizeBytes) };
        const number = this.#addTable(file);
        let chunk = 0;
        for await (const part of file.chunks()) {
          yield this.#piece(number, chunk, part);
          chunk += 1;
        }
        const expected = this.#tables[number]?.table.count;
        if (chunk !== expected) throw new Error(`${file.database} gave ${chunk} chunks, not ${expected}`);
      }
      await confirm();
    }
  }

  #addTable(file: ArchiveFile): number {
    const { database, role, sizeBytes, headBytes, chunkBytes } = file;
    const indexed: IndexedFile = { database, role, sizeBytes, headBytes, chunkBytes, chunks: 0 };
    const chunks = countChunks(indexed);
    this.#chunks += chunks;
    if (this.#chunks > MAX_CHUNKS) {
      throw new QuackupError(
        'BACKUP_FAILED',
        `${database} does not fit: a backup holds up to ${MAX_CHUNKS} blocks`,
        { hint: 'back its databases up in several backups' },
      );
    }
    return this.#tables.push({ file: { ...indexed, chunks }, table: ChunkTable.create(chunks) }) - 1;
  }

  #piece(file: number, chunk: number, part: FileChunk): Piece {
    const entry = this.#tables[file];
    if (entry === undefined) throw new Error(`no file ${file}`);
    const length = part.bytes?.length ?? chunkRange(entry.file, chunk).length;
    this.#plan.onChunk?.(entry.file.database, length);
    if (part.bytes === undefined) return { kind: 'hole', length, file };
    return { kind: 'chunk', file, chunk, content: part.bytes, release: () => part.release?.() };
  }

  /** An upper limit: holes are counted too. */
  #expectedChunks(): number {
    return this.#plan.databases
      .flatMap(({ files }) => files)
      .reduce(
        (sum, { sizeBytes, headBytes, chunkBytes }) =>
          sum + countChunks({ sizeBytes, headBytes, chunkBytes }),
        0,
      );
  }

  async #encode(piece: Piece, encoder: ChunkEncoder): Promise<Frame> {
    const { codec } = this.#plan;
    // Frames of zeros are used again.
    if (piece.kind === 'hole') return { piece, bytes: await this.#zeros(piece.length), owned: false };
    if (piece.kind === 'glue') return { piece, bytes: await codec.encode(piece.bytes), owned: false };
    const encoded = await encoder.encode(piece.content);
    const { hash, frame: bytes, owned } = encoded;
    // An uncompressed frame is the chunk's own buffer.
    if (codec.algorithm === 'none')
      return { piece, bytes, hash, owned: false, release: () => piece.release?.() };
    piece.release?.();
    return { piece, bytes, hash, owned, release: () => encoded.release?.() };
  }

  #zeros(length: number): Promise<Uint8Array> {
    let frame = this.#zeroFrames.get(length);
    if (frame === undefined) {
      frame = this.#plan.codec.encode(new Uint8Array(length));
      this.#zeroFrames.set(length, frame);
    }
    return frame;
  }

  #record(file: number, chunk: number, hash: Uint8Array, length: number): void {
    const entry = this.#tables[file];
    if (entry === undefined) throw new Error(`no file ${file}`);
    entry.table.set(chunk, hash, { archive: 0, offset: this.#offset, length });
    this.#stored.set(entry.file.database, (this.#stored.get(entry.file.database) ?? 0) + length);
  }

  #count(bytes: Uint8Array): Uint8Array {
    this.#digest.update(bytes);
    this.#offset += bytes.length;
    return bytes;
  }
}
