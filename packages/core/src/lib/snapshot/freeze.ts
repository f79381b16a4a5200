/**
 * Copies a database that is being written to a scratch file until the copy is one state of it: the hot copy of
 * docs/hot-copy.md, the reader's side only. No lock is taken and nothing is written near the source.
 *
 * Pass after pass copies the blocks that cannot be trusted yet; the header is looked at every few milliseconds, so that
 * no iteration is missed and what was copied stays good over a checkpoint. The copy is accepted by the rules, or not at
 * all.
 */
import { statfs } from 'node:fs/promises';

import type { ArchiveFile } from '../archive/archive-file.ts';
import { orderedMap } from '../archive/ordered-map.ts';
import { HEAD_SIZE } from '@quackup/duckdb-file';
import { QuackupError } from '../errors.ts';
import type { ScratchFolder } from '../process/scratch-folder.ts';
import { damagedBlock } from './at-rest.ts';
import { BlockTrust } from './block-trust.ts';
import { BufferPool } from './buffer-pool.ts';
import { cloneDatabase } from './frozen-clone.ts';
import { findLockHolders } from './lock-holders.ts';
import { WriterPause } from './writer-pause.ts';
import { checkpointEnds } from './checkpoint-end.ts';
import type { DatabaseReader } from './database-reader.ts';
import { FrozenCopy } from './frozen-copy.ts';
import { HeadWatch } from './head-watch.ts';
import { judgePassIn } from './judge-pass-in.ts';
import { judgeNow, type OpenPass, openPass, type PassOutcome } from './pass.ts';
import { pause } from './pause.ts';
import { RULES, type Rules } from './rules.ts';
import type { Snapshot } from './snapshot.ts';
import { blockIds, countBlocks, factsOf, methodOf, sidecarFiles } from './snapshot-files.ts';

export interface FreezeOptions {
  readonly name: string;
  readonly scratch: ScratchFolder;
  /** Milliseconds after which it is given up. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Told of the bytes copied. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly rules?: Rules | undefined;
  /** Clone the file instead of copying it, where the file system can. Default: true. */
  readonly clone?: boolean | undefined;
  /** Stop the writer for at most this many milliseconds at a time, if passes fail without. Default: never. */
  readonly pauseWriterMs?: number | undefined;
}

/** How often the header is looked at while blocks are copied: several times within the shortest checkpoint. */
const WATCH_MS = 4;
/** Blocks that are copied at once: enough for a disk or a network to be busy. */
const COPY_AHEAD = 4;
/** The writer is stopped only when passes have failed without: from this one on. */
const PASSES_BEFORE_PAUSE = 4;
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
  if (options.clone !== false) {
    const cloned = await cloneDatabase(reader, options).catch((error: unknown) => {
      throw translate(error, reader.path);
    });
    if (cloned !== undefined) return cloned;
  }
  const copy = await FrozenCopy.create(options.scratch.newPath());
  const freezer = new Freezer(reader, copy, options);
  try {
    const pass = await freezer.run();
    const { mode, modifiedAt, fileSystem } = await reader.attributes();
    const facts = factsOf(pass.start, { mode, fileSystem });
    const { blockSize } = pass.blocks;
    const main: ArchiveFile = {
      database: options.name,
      role: 'database',
      sizeBytes: copy.sizeBytes(blockSize),
      headBytes: HEAD_SIZE,
      chunkBytes: blockSize,
      modifiedAt,
      chunks: () => copy.chunks(pass.start.head.bytes, blockSize),
    };
    await reader.close();
    return {
      method: methodOf(pass.start, 'hot'),
      takenAt: pass.takenAt,
      files: [main, ...sidecarFiles(options.name, modifiedAt, pass.start, pass.sidecars)],
      facts,
      passes: freezer.passes,
      bytesRead: freezer.bytesRead,
      confirm: async () => {},
      [Symbol.asyncDispose]: async () => {
        await pass[Symbol.asyncDispose]();
        await copy[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await copy[Symbol.asyncDispose]();
    await reader.close();
    throw translate(error, reader.path);
  }
}

class Freezer {
  readonly #reader: DatabaseReader;
  readonly #copy: FrozenCopy;
  readonly #options: FreezeOptions;
  readonly #rules: Rules;
  readonly #trust: BlockTrust;
  readonly #watch: HeadWatch;
  readonly #deadlineMs: number;
  readonly #reasons = new Map<string, number>();
  passes = 0;
  /** Bytes of blocks that were read from the database, over all passes. */
  bytesRead = 0;

  constructor(reader: DatabaseReader, copy: FrozenCopy, options: FreezeOptions) {
    this.#reader = reader;
    this.#copy = copy;
    this.#options = options;
    this.#rules = options.rules ?? RULES;
    this.#trust = new BlockTrust(this.#rules);
    this.#watch = new HeadWatch(reader, this.#trust);
    this.#deadlineMs = performance.now() + options.waitMs;
  }

  async run(): Promise<OpenPass> {
    await using pausing = new AsyncDisposableStack();
    let writer: WriterPause | undefined;
    for (;;) {
      this.#options.signal?.throwIfAborted();
      this.passes += 1;
      if (this.passes === PASSES_BEFORE_PAUSE) {
        writer = await this.#preparePause();
        if (writer !== undefined) pausing.use(writer);
      }
      await this.#watch.look();
      await writer?.stop();
      const pass = await openPass(this.#reader, this.#options.scratch, this.#watch.known);
      let accepted = false;
      try {
        const outcome = await this.#pass(pass, writer);
        accepted = outcome === 'accepted';
        if (outcome === 'accepted') {
          this.#checkComplete(pass);
          return pass;
        }
        this.#reasons.set(outcome.reason, (this.#reasons.get(outcome.reason) ?? 0) + 1);
      } finally {
        await writer?.goOn();
        if (!accepted) await pass[Symbol.asyncDispose]();
      }
      await this.#reader.checkSameFile();
      if (performance.now() > this.#deadlineMs) throw this.#gaveUp();
    }
  }

  async #pass(pass: OpenPass, writer: WriterPause | undefined): Promise<PassOutcome> {
    // The pass may have read a newer head than the last one seen.
    this.#watch.saw({ head: pass.start.head, blocks: pass.blocks });
    const first = this.passes === 1;
    if (first) await this.#checkSpace(pass);
    // The first pass copies whatever happens: most of it stays good. A later one under a checkpoint could not be accepted.
    if (!first && this.#rules.showsCheckpoint(pass.start.wal, pass.start.state)) {
      // A stopped writer would never end it.
      await writer?.goOn();
      if (await checkpointEnds(this.#reader, this.#watch, pass, this.#options.signal))
        return { reason: 'a checkpoint is running' };
    }
    const moved = await this.#copyMissing(pass, first);
    if (moved) return { reason: 'the header moved' };
    // What is stopped looks quiet: only a running writer's silence proves anything.
    const verdict = writer === undefined ? undefined : await judgeNow(this.#reader, pass, this.#rules);
    await writer?.goOn();
    if (verdict?.verdict === 'accept') return 'accepted';
    const { signal } = this.#options;
    return judgePassIn(this.#reader, pass, { deadlineMs: this.#deadlineMs, rules: this.#rules, signal });
  }

  /** The one process that has the database open for writing can be stopped; of several, or of unknown ones, none is. */
  async #preparePause(): Promise<WriterPause | undefined> {
    const { pauseWriterMs } = this.#options;
    if (pauseWriterMs === undefined) return undefined;
    const holders = await findLockHolders(this.#reader.path);
    const [holder, ...others] = holders === 'unknown' ? [] : holders;
    if (holder === undefined || others.length > 0) return undefined;
    return WriterPause.prepare(holder.pid, pauseWriterMs);
  }

  /** Copies what is not trusted; returns whether the header moved. A pass that is not the first ends when it does. */
  async #copyMissing(pass: OpenPass, first: boolean): Promise<boolean> {
    const withFree = this.#rules.needsFreeBlocks(pass.start);
    this.#copy.begin(countBlocks(pass.blocks, await this.#reader.size(), withFree));
    const missing = blockIds(this.#copy.count).filter((id) => {
      if (this.#trust.has(id)) this.#copy.hold(id);
      else return pass.blocks.isUsed(id) || withFree;
      return false;
    });
    const pool = new BufferPool(pass.blocks.blockSize);
    let moved = false;
    let lookedMs = performance.now();
    const copying = orderedMap(missing, COPY_AHEAD, async (id) => {
      const buffer = pool.take();
      await this.#copyBlock(id, pass, buffer);
      pool.give(buffer);
    });
    for await (const _ of copying) {
      if (performance.now() - lookedMs < WATCH_MS) continue;
      this.#options.signal?.throwIfAborted();
      moved = (await this.#watch.look()) || moved;
      if (moved && !first) return true;
      lookedMs = performance.now();
    }
    return (await this.#watch.look()) || moved;
  }

  async #copyBlock(id: number, pass: OpenPass, buffer: Buffer): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const known = this.#watch.known;
      const { blocks } = known ?? pass;
      this.bytesRead += buffer.length;
      if (await this.#reader.readBlock(id, blocks, buffer, this.#rules.isWhole)) {
        await this.#copy.write(id, buffer);
        this.#copy.hold(id);
        // Read across a header's move it may be of either iteration: good for nothing but this pass, which is lost.
        if (this.#watch.known === known) this.#trust.copied(id, blocks);
        this.#options.onBytes?.(buffer.length);
        return;
      }
      // Free and torn: it is being written now, so the WAL that was captured before does not refer to it.
      if (!pass.blocks.isUsed(id)) return;
      // Moved: the pass is lost anyway, and the next one knows better whether the block is in use.
      if ((await this.#watch.look()) || !blocks.isUsed(id)) return;
      if (attempt >= BLOCK_TRIES) throw damagedBlock(this.#reader.path, id);
      await pause(BLOCK_PAUSE_MS, this.#options.signal);
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
      if (pass.blocks.isUsed(id) && !this.#copy.holds(id)) {
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
      `${this.#reader.path} did not come to rest within ${Math.round(this.#options.waitMs / 1000)} s: ${this.passes} passes, ${reasons}`,
      { hint: 'run the backup when less is written, or give it more time with --wait' },
    );
  }
}

function translate(error: unknown, path: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new QuackupError('NO_SPACE', `the frozen copy of ${path} does not fit: ${message}`, {
    cause: error,
    hint: 'set backup.tempDir in quackup.yaml to a folder with more room',
  });
}
