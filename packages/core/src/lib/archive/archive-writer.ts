/**
 * Writes an archive: one ordinary compressed tar file in which every chunk is a frame of its own.
 *
 * The body, which is the same on every target:
 *
 *     frame   tar head of backup_X/backup_metadata.json and its content
 *     frame   [padding of the entry before] tar head of backup_X/results.duckdb
 *     frame   chunk 0: the database's head of 12 KiB
 *     frame   chunk 1: block 0                       a free block: a frame of zeros, not in the index
 *     ...
 *     frame   [padding] tar head of backup_X/results.duckdb.wal
 *     frame   ...
 *
 * An incremental archive has `results.duckdb.blocks` in the place of `results.duckdb`: the head and the blocks that changed,
 * one after another. Then the tail, which says what lies in earlier archives, and so may differ from target to target:
 *
 *     frame   [padding] tar head of backup_X/index
 *     frame   the index's head, then its pages
 *     frame   [padding] 1,024 zeros
 *
 * One pass, in order, with bounded memory: chunks are hashed and compressed on other threads, a few at once.
 */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';

import { type FileChunk, fileName, isAnyInUse } from './archive-file.ts';
import type { ArchivePlan, ArchiveTail, PlannedFile } from './archive-plan.ts';
import type { Base } from './base.ts';
import { QuackupError } from '../errors.ts';
import { ChunkTable, MAX_CHUNKS } from './chunk-table.ts';
import { type ChunkEncoder, createChunkEncoder } from './encode-chunk.ts';
import { chunkRange, countChunks, encodeIndex, type IndexedFile } from './index-file.ts';
import { orderedMap } from './ordered-map.ts';
import { type PackedPiece, packPages } from './pack-pages.ts';
import { withReused, type WrittenFile } from './with-reused.ts';
import { SnapshotMoved } from '../snapshot/snapshot.ts';
import { TAR_END, tarHead, tarPadding } from './tar-entry.ts';

const lengthOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, { length }) => sum + length, 0);

/** Chunks in flight: enough to keep every core busy while the oldest one is being written. */
export const CHUNKS_IN_FLIGHT: number = Math.min(64, Math.max(8, availableParallelism() * 4));

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
  readonly #tables: WrittenFile[] = [];
  readonly #stored = new Map<string, number>();
  readonly #digest = createHash('sha256');
  readonly #zeroFrames = new Map<number, Promise<Uint8Array>>();
  #offset = 0;
  #chunks = 0;
  #ended = false;

  constructor(plan: ArchivePlan) {
    this.#plan = plan;
  }

  /** The archive's body, once. A failure of a source, of `confirm` or of the reader ends it. */
  body(): AsyncGenerator<Uint8Array, void, undefined> {
    return packPages(this.#frames());
  }

  async *#frames(): AsyncGenerator<PackedPiece, void, undefined> {
    const { compression } = this.#plan;
    await using encoder = createChunkEncoder(compression, this.#expectedChunks(), this.#anyInUse());
    const frames = orderedMap(this.#pieces(), CHUNKS_IN_FLIGHT, (piece) => this.#encode(piece, encoder));
    for await (const frame of frames) {
      const { bytes, piece, hash, owned } = frame;
      if (piece.kind === 'chunk' && hash !== undefined) {
        this.#record(piece.file, piece.chunk, hash, bytes.length);
      }
      yield { bytes: this.#count(bytes), owned };
      frame.release?.();
    }
    this.#ended = true;
  }

  /**
   * The end of the archive, when {@link body} has been read to its own.
   *
   * @param base The last backup on the target that the tail is for, where all blocks lie that were not selected.
   */
  async tail(base?: Base): Promise<ArchiveTail> {
    if (!this.#ended) throw new Error('the archive has not been written to its end');
    const { name, archiveName, codec, createdAt } = this.#plan;
    const { tables, references } = withReused(this.#tables, base);
    const index = await encodeIndex(
      {
        head: {
          format: 1,
          backup: name,
          createdAt: createdAt.toISOString(),
          ...this.#plan.describe(this.#stored),
          archives: [{ name: archiveName }, ...references],
          files: this.#tables.map(({ file }) => file),
        },
        tables,
      },
      codec,
    );
    const glue = await codec.encode(Buffer.concat([this.#padding, this.#tarHead('index', index.sizeBytes)]));
    const end = await codec.encode(Buffer.concat([tarPadding(index.sizeBytes), TAR_END]));
    const bytes = [glue, ...index.frames, end];
    const digest = this.#digest.copy();
    if (!this.#plan.isEncrypted) for (const part of bytes) digest.update(part);
    const indexDigest = createHash('sha256');
    for (const frame of index.frames) indexDigest.update(frame);
    return {
      bytes,
      index: index.frames,
      written: {
        references,
        sizeBytes: this.#offset + lengthOf(bytes),
        sha256: digest.digest('hex'),
        index: {
          offset: this.#offset + glue.length,
          length: lengthOf(index.frames),
          headLength: index.frames[0]?.length ?? 0,
          headBytes: index.headBytes,
          sha256: indexDigest.digest('hex'),
        },
      },
    };
  }

  #padding: Uint8Array = new Uint8Array(0);

  /** The padding of the entry before and the head of the next. */
  #glue(path: string, size: number): Buffer {
    const glue = Buffer.concat([this.#padding, this.#tarHead(path, size)]);
    this.#padding = tarPadding(size);
    return glue;
  }

  #tarHead(path: string, size: number): Uint8Array {
    const { name, createdAt } = this.#plan;
    return tarHead({ path: `${name}/${path}`, size, modifiedAt: createdAt });
  }

  async *#pieces(): AsyncGenerator<Piece, void, undefined> {
    const metadata = Buffer.from(this.#plan.metadata);
    yield {
      kind: 'glue',
      bytes: Buffer.concat([this.#glue('backup_metadata.json', metadata.length), metadata]),
    };
    for (const { files, confirm } of this.#plan.databases) {
      for (const file of files) {
        yield* this.#filePieces(file);
      }
      await confirm();
    }
  }

  async *#filePieces(file: PlannedFile): AsyncGenerator<Piece, void, undefined> {
    const { selection } = file;
    const number = this.#addTable(file);
    const name = fileName(file.database, file.role);
    if (selection === undefined) {
      yield { kind: 'glue', bytes: this.#glue(name, file.sizeBytes) };
      let chunk = 0;
      for await (const part of file.chunks()) {
        yield this.#piece(number, chunk, part);
        chunk += 1;
      }
      this.#checkCount(file, chunk, this.#tables[number]?.table.count);
      return;
    }
    yield { kind: 'glue', bytes: this.#glue(`${name}.blocks`, selection.storedBytes) };
    let place = 0;
    for await (const part of file.chunks(selection.storedBlocks())) {
      const chunk = selection.storedChunk(place);
      // It was there when the chunks were compared, and the tar's head says so.
      if (part.bytes === undefined) throw new SnapshotMoved(file.database, `block ${chunk - 1} became free`);
      yield this.#piece(number, chunk, part);
      place += 1;
    }
    this.#checkCount(file, place, selection.storedCount);
  }

  #checkCount({ database }: PlannedFile, found: number, expected: number | undefined): void {
    if (found !== expected) throw new Error(`${database} gave ${found} chunks, not ${expected}`);
  }

  #addTable(file: PlannedFile): number {
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
    const { selection } = file;
    return (
      this.#tables.push({ file: { ...indexed, chunks }, table: ChunkTable.create(chunks), selection }) - 1
    );
  }

  #piece(file: number, chunk: number, part: FileChunk): Piece {
    const entry = this.#tables[file];
    if (entry === undefined) throw new Error(`no file ${file}`);
    const length = part.bytes?.length ?? chunkRange(entry.file, chunk).length;
    this.#plan.onChunk?.(entry.file.database, length);
    if (part.bytes === undefined) return { kind: 'hole', length, file };
    return { kind: 'chunk', file, chunk, content: part.bytes, release: () => part.release?.() };
  }

  #anyInUse(): boolean {
    return this.#plan.databases.some(({ files }) => isAnyInUse(files));
  }

  /** An upper limit: holes are counted too. */
  #expectedChunks(): number {
    return this.#plan.databases
      .flatMap(({ files }) => files)
      .reduce((sum, file) => sum + (file.selection?.storedCount ?? countChunks(file)), 0);
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
    if (!this.#plan.isEncrypted) this.#digest.update(bytes);
    this.#offset += bytes.length;
    return bytes;
  }
}
