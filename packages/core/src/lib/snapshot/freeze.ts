/**
 * Copies a database that is being written to a scratch file until the copy is one state of it: the guarded copy of
 * docs/hot-copy.md, the reader's side only. No lock is taken and nothing is written near the source.
 *
 * Pass after pass copies the blocks that cannot be trusted yet; the header is looked at every few milliseconds, so that
 * no iteration is missed and what was copied stays good over a checkpoint. The copy is accepted by the rules, or not at
 * all.
 */
import { type FileHandle, open, statfs } from 'node:fs/promises';

import { blockOffset, HEAD_SIZE } from '@quackup/duckdb-file';

import type { ArchiveFile, FileChunk } from '../archive/archive-file.ts';
import { orderedMap } from '../archive/ordered-map.ts';
import { QuackupError } from '../errors.ts';
import type { ScratchFolder } from '../process/scratch-folder.ts';
import { damagedBlock } from './at-rest.ts';
import { BlockTrust } from './block-trust.ts';
import { BufferPool } from './buffer-pool.ts';
import type { DatabaseReader, HeadAndBlocks } from './database-reader.ts';
import { judgeEnd, type OpenPass, openPass, type PassOutcome } from './pass.ts';
import { pause } from './pause.ts';
import { readFully, writeFully } from './read-fully.ts';
import { sameHead, showsCheckpoint } from './rules.ts';
import type { Snapshot } from './snapshot.ts';
import { blockIds, countBlocks, factsOf, needsFreeBlocks, sidecarFiles } from './snapshot-files.ts';

export interface FreezeOptions {
  readonly name: string;
  readonly scratch: ScratchFolder;
  /** Milliseconds after which it is given up. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Told of the bytes copied. */
  readonly onBytes?: (bytes: number) => void;
}

/** How often the header is looked at while blocks are copied: several times within the shortest checkpoint. */
const WATCH_MS = 4;
/** A block in use that fails its checksum is being written, or damaged: read again this often while nothing moves. */
const BLOCK_TRIES = 400;
const BLOCK_PAUSE_MS = 2;

/**
 * Takes over `reader`, which the snapshot closes.
 *
 * @throws DATABASE_NOT_AT_REST if no copy could be accepted in time.
 * @throws DATABASE_DAMAGED if a block in use never passes its checksum.
 * @throws DATABASE_REPLACED if another file takes the database's place.
 * @throws NO_SPACE if the copy does not fit.
 */
export async function freezeDatabase(reader: DatabaseReader, options: FreezeOptions): Promise<Snapshot> {
  const path = options.scratch.newPath();
  const copy = await open(path, 'wx+', 0o600);
  const freezer = new Freezer(reader, copy, options);
  try {
    const pass = await freezer.run();
    const { mode, modifiedAt } = await reader.attributes();
    const facts = factsOf(pass.start, mode);
    const { blockSize } = pass.blocks;
    const main: ArchiveFile = {
      database: options.name,
      role: 'database',
      sizeBytes: HEAD_SIZE + freezer.count * blockSize,
      headBytes: HEAD_SIZE,
      chunkBytes: blockSize,
      modifiedAt,
      chunks: () => readCopy(copy, pass, freezer.copied, freezer.count),
    };
    await reader.close();
    return {
      method: facts.layout !== 'clear' || facts.warnings !== undefined ? 'quiet' : 'hot',
      takenAt: pass.takenAt,
      files: [main, ...sidecarFiles(options.name, modifiedAt, pass.start, pass.sidecars)],
      facts,
      confirm: async () => {},
      [Symbol.asyncDispose]: async () => {
        await pass[Symbol.asyncDispose]();
        await copy.close();
      },
    };
  } catch (error) {
    await copy.close();
    await reader.close();
    throw translate(error, reader.path);
  }
}

class Freezer {
  readonly #reader: DatabaseReader;
  readonly #copy: FileHandle;
  readonly #options: FreezeOptions;
  readonly #trust = new BlockTrust();
  readonly #deadline: number;
  readonly #reasons = new Map<string, number>();
  #known: HeadAndBlocks | undefined;
  #passes = 0;
  /** Blocks that the copy holds for the current pass: 1 copied. */
  copied: Uint8Array = new Uint8Array(0);
  /** Blocks of the file as the archive will have it. */
  count = 0;

  constructor(reader: DatabaseReader, copy: FileHandle, options: FreezeOptions) {
    this.#reader = reader;
    this.#copy = copy;
    this.#options = options;
    this.#deadline = performance.now() + options.waitMs;
  }

  async run(): Promise<OpenPass> {
    for (;;) {
      this.#options.signal?.throwIfAborted();
      this.#passes += 1;
      await this.#observe();
      const pass = await openPass(this.#reader, this.#options.scratch, this.#known);
      let accepted = false;
      try {
        const outcome = await this.#pass(pass);
        accepted = outcome === 'accepted';
        if (outcome === 'accepted') {
          this.#checkComplete(pass);
          return pass;
        }
        this.#reasons.set(outcome.reason, (this.#reasons.get(outcome.reason) ?? 0) + 1);
      } finally {
        if (!accepted) await pass[Symbol.asyncDispose]();
      }
      await this.#reader.checkSameFile();
      if (performance.now() > this.#deadline) throw this.#gaveUp();
    }
  }

  async #pass(pass: OpenPass): Promise<PassOutcome> {
    // The pass may have read a newer head than the last one seen.
    await this.#see({ head: pass.start.head, blocks: pass.blocks });
    if (this.#passes > 1 && showsCheckpoint(pass.start.wal, pass.start.state)) {
      await pause(1, this.#options.signal);
      const outcome = await this.#abandonedOutcome(pass);
      if (outcome !== undefined) return outcome;
    }
    if (this.#passes === 1) await this.#checkSpace(pass);
    const moved = await this.#copyMissing(pass);
    if (moved && this.#passes > 1) return { reason: 'the header moved' };
    return judgeEnd(this.#reader, pass, { held: true, signal: this.#options.signal });
  }

  /** A marker ends a later pass at once, unless nothing moves: then a crash left it, and the pass is worth its time. */
  async #abandonedOutcome(pass: OpenPass): Promise<PassOutcome | undefined> {
    const outcome = await judgeEnd(this.#reader, pass, { held: true, signal: this.#options.signal });
    return outcome === 'accepted' ? undefined : outcome;
  }

  async #copyMissing(pass: OpenPass): Promise<boolean> {
    const withFree = needsFreeBlocks(pass.start);
    const first = this.#passes === 1;
    this.count = countBlocks(pass.blocks, await this.#reader.size(), withFree);
    this.copied = new Uint8Array(this.count);
    const buffer = Buffer.allocUnsafeSlow(pass.blocks.blockSize);
    let moved = false;
    let lookedMs = performance.now();
    for (let id = 0; id < this.count; id += 1) {
      if (performance.now() - lookedMs > WATCH_MS) {
        this.#options.signal?.throwIfAborted();
        moved = (await this.#observe()) || moved;
        if (moved && !first) return true;
        lookedMs = performance.now();
      }
      if (this.#trust.has(id)) this.copied[id] = 1;
      else if (pass.blocks.isUsed(id) || withFree) await this.#copyBlock(id, pass, buffer);
    }
    return moved;
  }

  async #copyBlock(id: number, pass: OpenPass, buffer: Buffer): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const { blocks } = this.#known ?? pass;
      if (await this.#reader.readBlock(id, blocks, buffer)) {
        await writeFully(this.#copy, buffer, blockOffset(id, blocks.blockSize));
        this.copied[id] = 1;
        this.#trust.copied(id, blocks);
        this.#options.onBytes?.(buffer.length);
        return;
      }
      // Free and torn: it is being written now, so the WAL that was captured before does not refer to it.
      if (!pass.blocks.isUsed(id)) return;
      // Moved: the pass is lost anyway, and the next one knows better whether the block is in use.
      if (await this.#observe()) return;
      if (!blocks.isUsed(id)) return;
      if (attempt >= BLOCK_TRIES) throw damagedBlock(this.#reader.path, id);
      await pause(BLOCK_PAUSE_MS, this.#options.signal);
    }
  }

  /** Looks at the head; returns whether it moved since it was last looked at. */
  async #observe(): Promise<boolean> {
    const known = this.#known;
    if (known !== undefined && sameHead(known.head, await this.#reader.readHead())) return false;
    await this.#see(await this.#reader.readHeadAndBlocks());
    return known !== undefined;
  }

  async #see(seen: HeadAndBlocks): Promise<void> {
    if (this.#known !== undefined && sameHead(this.#known.head, seen.head)) return;
    this.#known = seen;
    if (seen.head.layout.kind === 'clear') {
      this.#trust.headerMoved(seen.head.layout.active.iteration, seen.blocks);
    }
  }

  async #checkSpace(pass: OpenPass): Promise<void> {
    const { bavail, bsize } = await statfs(this.#options.scratch.path);
    const needed = (pass.blocks.use?.usedCount ?? pass.blocks.count) * pass.blocks.blockSize;
    if (bavail * bsize >= needed) return;
    throw new QuackupError(
      'NO_SPACE',
      `a frozen copy of ${this.#reader.path} takes ${needed} bytes, but ${this.#options.scratch.path} has ${bavail * bsize} free`,
      { hint: 'set backup.tempDir in quackup.yaml to a folder with more room' },
    );
  }

  /** The rules say that the copy is good; this says that it is whole. */
  #checkComplete(pass: OpenPass): void {
    for (let id = 0; id < pass.blocks.count; id += 1) {
      if (pass.blocks.isUsed(id) && this.copied[id] !== 1) {
        throw new QuackupError(
          'INTERNAL',
          `block ${id} of ${this.#reader.path} was accepted without having been copied`,
        );
      }
    }
  }

  #gaveUp(): QuackupError {
    const reasons = [...this.#reasons].map(([reason, times]) => `${reason} (${times}x)`).join(', ');
    return new QuackupError(
      'DATABASE_NOT_AT_REST',
      `${this.#reader.path} did not come to rest within ${Math.round(this.#options.waitMs / 1000)} s: ${this.#passes} passes, ${reasons}`,
      { hint: 'run the backup when less is written, or give it more time with --wait' },
    );
  }
}

async function* readCopy(
  copy: FileHandle,
  pass: OpenPass,
  copied: Uint8Array,
  count: number,
): AsyncGenerator<FileChunk, void, undefined> {
  const { blockSize } = pass.blocks;
  yield { bytes: pass.start.head.bytes };
  const pool = new BufferPool(blockSize);
  yield* orderedMap(blockIds(count), 8, async (id): Promise<FileChunk> => {
    if (copied[id] !== 1) return { bytes: undefined };
    const bytes = pool.take();
    const length = await readFully(copy, bytes, blockSize, blockOffset(id, blockSize));
    if (length < blockSize) throw new Error(`the frozen copy lacks block ${id}`);
    return { bytes, release: () => pool.give(bytes) };
  });
}

function translate(error: unknown, path: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new QuackupError('NO_SPACE', `the frozen copy of ${path} does not fit: ${message}`, {
    cause: error,
    hint: 'set backup.tempDir in quackup.yaml to a folder with more room',
  });
}
