import { readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

import {
  blockOffset,
  type BlockUse,
  type DatabaseHead,
  DuckdbFileError,
  HEAD_SIZE,
  type Layout,
  parseHead,
  readBlockUse,
} from '@quackup/duckdb-file';

import { QuackupError } from '../errors.ts';
import { type FileState, fileState } from './database-files.ts';
import { sharedFileSystem } from './file-system.ts';
import { findLockHolders } from './lock-holders.ts';
import { pause } from './pause.ts';
import { readFully } from './read-fully.ts';
import { RULES } from './rules.ts';
import { TornDoubt } from './torn-doubt.ts';

/** What is known of the blocks of a database: from its free list, or, where that cannot be read, that all may be used. */
export interface Blocks {
  readonly blockSize: number;
  /** Blocks of the file as the header counts them; for an opaque file, as many as its length holds. */
  readonly count: number;
  readonly use: BlockUse | undefined;
  isUsed(id: number): boolean;
  isMetadata(id: number): boolean;
}

/** A head and the blocks that it says are in use, read as one. */
export interface HeadAndBlocks {
  readonly head: DatabaseHead;
  readonly blocks: Blocks;
}

/** How long a torn head or free list is read again while the database is being written, and how often. */
const TORN_PATIENCE_MS = 30_000;
const TORN_PAUSE_MS = 5;

/**
 * Reads a database file from outside, without any lock. The descriptor stays open until {@link close}, so what is read is one
 * file even if another is put in its place.
 *
 * POSIX locks belong to a process, and closing any descriptor of a file drops them all: a process that has the database
 * open through DuckDB must never come here.
 */
export class DatabaseReader implements AsyncDisposable {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #opened: FileState;

  private constructor(path: string, file: FileHandle, opened: FileState) {
    this.path = path;
    this.#file = file;
    this.#opened = opened;
  }

  /**
   * @throws DATABASE_NOT_FOUND if there is no such file.
   * @throws DATABASE_OPEN_HERE if this process holds the database open.
   * @throws DATABASE_UNREADABLE if it cannot be opened.
   */
  static async open(path: string): Promise<DatabaseReader> {
    let state: FileState | undefined;
    try {
      state = await fileState(path);
    } catch (error) {
      throw unreadable(path, error);
    }
    if (state === undefined) {
      throw new QuackupError('DATABASE_NOT_FOUND', `there is no database ${path}`, {
        hint: 'check the path; relative paths in quackup.yaml begin at its folder',
      });
    }
    const holders = await findLockHolders(path);
    if (holders !== 'unknown' && holders.some(({ pid }) => pid === process.pid)) {
      throw new QuackupError(
        'DATABASE_OPEN_HERE',
        `this process holds ${path} open: reading it here would drop DuckDB's lock`,
        {
          hint: 'run the backup in a process of its own, for example the quackup command',
        },
      );
    }
    let file: FileHandle;
    try {
      file = await open(path, 'r');
    } catch (error) {
      throw unreadable(path, error);
    }
    const stats = await file.stat({ bigint: true });
    if (!stats.isFile()) {
      await file.close();
      throw new QuackupError('DATABASE_UNREADABLE', `${path} is not a file`, {
        hint: 'name the database file itself, or a pattern such as data/*.duckdb',
      });
    }
    const { dev, ino, size, mtimeNs } = stats;
    return new DatabaseReader(path, file, { device: dev, inode: ino, size, modifiedNs: mtimeNs });
  }

  /** Length of the file now, bytes. */
  async size(): Promise<number> {
    return (await this.#file.stat()).size;
  }

  /**
   * Permission bits, time of the last change, the kind of a shared file system if it lies on one, and how many names
   * (hard links) the file has.
   */
  async attributes(): Promise<{
    mode: number;
    modifiedAt: Date;
    fileSystem: string | undefined;
    names: number;
  }> {
    const { mode, mtime, nlink } = await this.#file.stat();
    const fileSystem = await sharedFileSystem(this.path);
    return { mode: mode & 0o777, modifiedAt: mtime, fileSystem, names: nlink };
  }

  /** @throws DATABASE_REPLACED if the path leads to another file by now, or to none. */
  async checkSameFile(): Promise<void> {
    this.checkIsThisFile(await fileState(this.path));
  }

  /** @throws DATABASE_REPLACED if what was seen at the path is not the file that is read here. */
  checkIsThisFile(now: FileState | undefined): void {
    if (now?.device === this.#opened.device && now.inode === this.#opened.inode) return;
    throw new QuackupError(
      'DATABASE_REPLACED',
      `${this.path} was ${now === undefined ? 'removed' : 'replaced by another file'} while it was read`,
      { hint: 'run the backup again when the file stays where it is' },
    );
  }

  /**
   * The first 12 KiB, checked. A torn read is repeated.
   *
   * @throws NOT_A_DATABASE if the file is none.
   * @throws DATABASE_DAMAGED if the head fails its checksums although nobody writes.
   * @throws DATABASE_NOT_AT_REST if it goes on failing them while somebody does.
   */
  async readHead(): Promise<DatabaseHead> {
    const bytes = Buffer.alloc(HEAD_SIZE);
    return this.#untilWhole(async () => {
      const length = await readFully(this.#file, bytes, HEAD_SIZE, 0);
      return parseHead(bytes.subarray(0, length));
    });
  }

  /**
   * The head and its free list, read so that both belong together: the head is the same before and after.
   *
   * @throws DATABASE_DAMAGED, DATABASE_NOT_AT_REST as {@link readHead}, of the free list too.
   */
  async readHeadAndBlocks(): Promise<HeadAndBlocks> {
    for (;;) {
      const seen = await this.#untilWhole(async () => {
        const head = await this.readHead();
        return { head, blocks: await this.#readBlocks(head.layout) };
      });
      const again = await this.readHead();
      if (Buffer.from(again.bytes).equals(seen.head.bytes)) return seen;
    }
  }

  /**
   * Reads block `id` into `buffer`, which has the length of a block.
   *
   * @returns whether all of it was there and, in a clear file, whether its checksum is right.
   */
  async readBlock(
    id: number,
    blocks: Blocks,
    buffer: Buffer,
    isWhole: (block: Uint8Array) => boolean = RULES.isWhole,
  ): Promise<boolean> {
    const length = await readFully(this.#file, buffer, blocks.blockSize, blockOffset(id, blocks.blockSize));
    if (length < blocks.blockSize) {
      buffer.fill(0, length);
      // The last block of a file that is not read by its own rules may be a short one.
      return blocks.use === undefined;
    }
    return blocks.use === undefined || isWhole(buffer);
  }

  /** The first `length` bytes of block `id`, fewer if the file ends before; unchecked. */
  async readBeginning(id: number, blockSize: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    return bytes.subarray(0, await readFully(this.#file, bytes, length, blockOffset(id, blockSize)));
  }

  /**
   * Reads the beginning of block `id` into `bytes`; unchecked. Does not leave the thread, which makes it cheap where the
   * system has it in its cache, and keeps the thread as long as the disk takes where it has not.
   *
   * @returns how many bytes there were: fewer than asked for if the file ends before.
   */
  peek(id: number, blockSize: number, bytes: Uint8Array): number {
    return readSync(this.#file.fd, bytes, 0, bytes.length, blockOffset(id, blockSize));
  }

  /** Waits until everything that anybody has written to the file is on the disk. @throws what the system says. */
  async sync(): Promise<void> {
    await this.#file.datasync();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Reads again what is torn, until it is whole, or damaged. */
  async #untilWhole<Value>(read: () => Promise<Value>): Promise<Value> {
    let doubt: TornDoubt | undefined;
    for (;;) {
      try {
        return await read();
      } catch (error) {
        if (!isTorn(error)) throw this.#explain(error);
        doubt ??= new TornDoubt(this.path, { patienceMs: TORN_PATIENCE_MS, held: true });
        const verdict = await doubt.verdict();
        if (verdict === 'damaged') throw this.#explain(error);
        if (verdict === 'being written') throw stillTorn(this.path, error);
        await pause(TORN_PAUSE_MS);
      }
    }
  }

  async #readBlocks(layout: Layout): Promise<Blocks> {
    const { blockSize } = layout;
    if (layout.kind === 'opaque') {
      const count = Math.ceil(Math.max(0, (await this.size()) - HEAD_SIZE) / blockSize);
      return { blockSize, count, use: undefined, isUsed: (id) => id < count, isMetadata: () => false };
    }
    const use = await readBlockUse(layout.active, async (id) => {
      const block = Buffer.allocUnsafe(blockSize);
      const length = await readFully(this.#file, block, blockSize, blockOffset(id, blockSize));
      return block.subarray(0, length);
    });
    return {
      blockSize,
      count: use.blockCount,
      use,
      isUsed: (id) => use.isUsed(id),
      isMetadata: (id) => use.isMetadata(id),
    };
  }

  #explain(error: unknown): unknown {
    if (!(error instanceof DuckdbFileError)) return error;
    if (error.code === 'NOT_DUCKDB') {
      return new QuackupError('NOT_A_DATABASE', `${this.path} is not a DuckDB database: ${error.message}`, {
        cause: error,
        hint: 'take it out of the list of databases, or check the path',
      });
    }
    if (error.code === 'UNSUPPORTED') {
      return new QuackupError('NOT_A_DATABASE', `${this.path} cannot be read: ${error.message}`, {
        cause: error,
        hint: 'open it once with a DuckDB that upgrades it',
      });
    }
    return new QuackupError('DATABASE_DAMAGED', `${this.path} is damaged on disk: ${error.message}`, {
      cause: error,
      hint: 'restore it from the last good backup: quackup list, then quackup restore',
    });
  }
}

function isTorn(error: unknown): boolean {
  return error instanceof DuckdbFileError && error.code === 'TORN';
}

function stillTorn(path: string, error: unknown): QuackupError {
  return new QuackupError(
    'DATABASE_NOT_AT_REST',
    `the list of blocks of ${path} is being written again and again: ${(error as Error).message}`,
    {
      cause: error,
      hint: 'run the backup when less is written; if it stays so, close the program that writes',
    },
  );
}

function unreadable(path: string, error: unknown): QuackupError {
  const { code, message } = error as NodeJS.ErrnoException;
  const heldOnWindows =
    code === 'EBUSY' || (process.platform === 'win32' && (code === 'EPERM' || code === 'EACCES'));
  return new QuackupError('DATABASE_UNREADABLE', `${path} cannot be opened: ${message}`, {
    cause: error,
    hint: heldOnWindows
      ? 'close the program that has it open: on Windows an open database cannot be read by others'
      : 'check that you may read the file and its folder',
  });
}
