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
import { databaseState, isSameFileIdentity, isSameFileState } from './database-files.ts';
import type { DatabaseReader } from './database-reader.ts';
import { FrozenCopy } from './frozen-copy.ts';
import { HeadWatch } from './head-watch.ts';
import { judgeEnd, judgeNow, type OpenPass, openPass, type PassOutcome } from './pass.ts';
import { pause } from './pause.ts';
import { RULES, type Rules } from './rules.ts';
import { settle } from './settle.ts';
import type { Snapshot } from './snapshot.ts';
import { blockIds, countBlocks, factsOf, sidecarFiles } from './snapshot-files.ts';

export interface FreezeOptions {
  readonly name: string;
  readonly scratch: ScratchFolder;
  /** Milliseconds after which it is given up. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Told of the bytes copied. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly rules?: Rules | undefined;
}

/** How often the header is looked at while blocks are copied: several times within the shortest checkpoint. */
const WATCH_MS = 4;
/** Blocks that are copied at once: enough for a disk or a network to be busy. */
const COPY_AHEAD = 4;
/** A block in use that fails its checksum is being written, or damaged: read again this often while nothing moves. */
const BLOCK_TRIES = 400;
const BLOCK_PAUSE_MS = 2;
/** How long a checkpoint's traces may stand still before they are judged as those of a crash. */
const CHECKPOINT_STILL_MS = 500;

/**
 * Takes over `reader`, which the snapshot closes.
 *
 * @throws DATABASE_NOT_AT_REST if no copy could be accepted in time.
 * @throws DATABASE_DAMAGED if a block in use never passes its checksum.
 * @throws DATABASE_REPLACED if another file takes the database's place.
 * @throws NO_SPACE if the copy does not fit.
 */
export async function freezeDatabase(reader: DatabaseReader, options: FreezeOptions): Promise<Snapshot> {
  const copy = await FrozenCopy.create(options.scratch.newPath());
  const freezer = new Freezer(reader, copy, options);
  try {
    const pass = await freezer.run();
    const { mode, modifiedAt } = await reader.attributes();
    const facts = factsOf(pass.start, mode);
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
      method: facts.layout !== 'clear' || facts.warnings !== undefined ? 'quiet' : 'hot',
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
    for (;;) {
      this.#options.signal?.throwIfAborted();
      this.passes += 1;
      await this.#watch.look();
      const pass = await openPass(this.#reader, this.#options.scratch, this.#watch.known);
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
      if (performance.now() > this.#deadlineMs) throw this.#gaveUp();
    }
  }

  async #pass(pass: OpenPass): Promise<PassOutcome> {
    // The pass may have read a newer head than the last one seen.
    this.#watch.saw({ head: pass.start.head, blocks: pass.blocks });
    const first = this.passes === 1;
    if (first) await this.#checkSpace(pass);
    // The first pass copies whatever happens: most of it stays good. A later one under a checkpoint could not be accepted.
    if (!first && this.#rules.showsCheckpoint(pass.start.wal, pass.start.state)) {
      if (await this.#checkpointEnds(pass)) return { reason: 'a checkpoint is running' };
    }
    const moved = await this.#copyMissing(pass, first);
    if (moved) return { reason: 'the header moved' };
    const verdict = await judgeNow(this.#reader, pass, this.#rules);
    if (verdict.verdict === 'accept') return 'accepted';
    if (verdict.verdict === 'reject') return { reason: verdict.reason };
    const { rules, signal } = this.#options;
    if (verdict.verdict === 'if-quiet' && pass.blocks.use !== undefined) {
      const deadlineMs = this.#deadlineMs;
      return settle(this.#reader, pass, pass.blocks.use, { deadlineMs, rules, signal });
    }
    return judgeEnd(this.#reader, pass, { held: true, rules, signal });
  }

  /** Waits while a checkpoint shows; returns false if its traces stand still as those of a crash do. */
  async #checkpointEnds({ start }: OpenPass): Promise<boolean> {
    let seen = start.state;
    let stillSinceMs = performance.now();
    for (;;) {
      if (await this.#watch.look()) return true;
      const now = await databaseState(this.#reader.path);
      if (!isSameFileIdentity(start.state.wal, now.wal)) return true;
      if (!isSameFileState(seen.database, now.database) || !isSameFileState(seen.wal, now.wal)) {
        seen = now;
        stillSinceMs = performance.now();
      }
      if (performance.now() - stillSinceMs > CHECKPOINT_STILL_MS) return false;
      await pause(1, this.#options.signal);
    }
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
