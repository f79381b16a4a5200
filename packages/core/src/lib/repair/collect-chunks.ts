/** Makes the tables of an index again from the frames of a full archive. */
import { createHash } from 'node:crypto';

import { type DatabaseHead, HEAD_SIZE, parseHead } from '@quackup/duckdb-file';

import { ChunkTable } from '../archive/chunk-table.ts';
import { chunkRange, countChunks, type IndexedFile } from '../archive/index-file.ts';
import { fileRole, type FileRole, MAX_CHUNK_BYTES } from '../format/schema.ts';
import type { Frame } from './frame-stream.ts';
import type { FileVisitor, Metadata } from './read-archive.ts';

/** Place of the archive that was read in the list of archives of the new index. */
const OLD_ARCHIVE = 1;

/** A file of a database as it lies in an archive. */
export interface CollectedFile {
  readonly file: IndexedFile;
  readonly table: ChunkTable;
  /** Of a database that can be understood. */
  readonly head: DatabaseHead | undefined;
}

/** Collects the files of an archive while it is read. */
export class ChunkCollector {
  readonly #metadata: Metadata;
  readonly #files: FileCollector[] = [];

  constructor(metadata: Metadata) {
    this.#metadata = metadata;
  }

  /** @throws Error if the archive cannot have such an entry. */
  file(name: string, sizeBytes: number): FileVisitor {
    for (const { name: database } of this.#metadata.databases) {
      for (const role of fileRole.options) {
        if (name !== (role === 'database' ? database : `${database}.${role}`)) continue;
        const collector = new FileCollector(database, role, sizeBytes);
        this.#files.push(collector);
        return collector;
      }
      // Its blocks do not say where in the file they were: only the index does.
      if (name === `${database}.blocks`) return new SkippedFile();
    }
    throw new Error(`it holds ${JSON.stringify(name)}, which its metadata do not name`);
  }

  /**
   * The files, when all have been read.
   *
   * @throws Error if one of the metadata's databases is not among them.
   */
  files(): readonly CollectedFile[] {
    for (const { name } of this.#metadata.databases) {
      if (!this.#files.some(({ database, role }) => database === name && role === 'database'))
        throw new Error(`it does not hold ${name} as a whole file`);
    }
    return this.#files.map((file) => file.collected());
  }
}

/** Frames of an incremental archive: their lengths matter only to what is not compressed, and there any will do. */
class SkippedFile implements FileVisitor {
  frameBytes(): number {
    return MAX_CHUNK_BYTES;
  }

  frame(): void {}
}

class FileCollector implements FileVisitor {
  readonly database: string;
  readonly role: FileRole;
  readonly #sizeBytes: number;
  #head: DatabaseHead | undefined;
  #file: IndexedFile | undefined;
  #table: ChunkTable | undefined;
  #next = 0;

  constructor(database: string, role: FileRole, sizeBytes: number) {
    this.database = database;
    this.role = role;
    this.#sizeBytes = sizeBytes;
  }

  frameBytes(): number {
    if (this.#file !== undefined) return this.#file.chunkBytes;
    return this.role === 'database' ? HEAD_SIZE : MAX_CHUNK_BYTES;
  }

  /** @throws Error if a frame is not a chunk of the file. */
  frame({ offset, length, bytes }: Frame): void {
    this.#file ??= this.#layOut(bytes);
    this.#table ??= ChunkTable.create(this.#file.chunks);
    const chunk = this.#next;
    this.#next += 1;
    if (chunk >= this.#file.chunks || chunkRange(this.#file, chunk).length !== bytes.length)
      throw new Error(`frame ${chunk} of the ${this.role} of ${this.database} is no chunk of it`);
    // A block of zeros is a free one: a used block begins with its checksum, which is never 0 for zeros.
    const mayBeHole = this.role === 'database' && chunk > 0;
    if (mayBeHole && isZero(bytes)) return;
    this.#table.set(chunk, createHash('sha256').update(bytes).digest(), {
      archive: OLD_ARCHIVE,
      offset,
      length,
    });
  }

  collected(): CollectedFile {
    if (this.#file === undefined || this.#table === undefined || this.#next !== this.#file.chunks)
      throw new Error(`the ${this.role} of ${this.database} is not whole`);
    return { file: this.#file, table: this.#table, head: this.#head };
  }

  #layOut(first: Buffer): IndexedFile {
    const { database, role } = this;
    if (role === 'database') this.#head = parseHead(first);
    const layout = {
      sizeBytes: this.#sizeBytes,
      headBytes: role === 'database' ? HEAD_SIZE : 0,
      chunkBytes: this.#head?.layout.blockSize ?? MAX_CHUNK_BYTES,
    };
    return { database, role, ...layout, chunks: countChunks(layout) };
  }
}

const isZero = (bytes: Buffer): boolean => bytes[0] === 0 && bytes.subarray(1).equals(bytes.subarray(0, -1));
