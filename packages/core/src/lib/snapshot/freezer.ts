/**
 * The passes of a hot copy (docs/hot-copy.md): each copies the blocks that cannot be trusted yet; the header is looked at
 * every few milliseconds, so that no iteration is missed and what was copied stays good over a checkpoint. What is trusted
 * is compared with what stands in the file in each pass. A pass is accepted by the rules, or not at all.
 */
import { statfs } from 'node:fs/promises';
import { availableParallelism } from 'node:os';

import { HEAD_SIZE } from '@quackup/duckdb-file';

import { orderedMap } from '../archive/ordered-map.ts';
import { QuackupError } from '../errors.ts';
import { defaultThreads } from '../process/thread-pool.ts';
import { damagedBlock } from './at-rest.ts';
import { BlockSamples, digestOf, sampleBytes } from './block-samples.ts';
import { BlockTrust } from './block-trust.ts';
import { BufferPool } from '../archive/buffer-pool.ts';
import { checkpointEnds } from './checkpoint-end.ts';
import { type FileState, isSameFileIdentity } from './database-files.ts';
import type { DatabaseReader } from './database-reader.ts';
import { databaseState } from './files-on-disk.ts';
import type { FreezeOptions } from './freeze.ts';
import type { FrozenCopy } from './frozen-copy.ts';
import { checkHeldWal } from './held-wal.ts';
import { HeadWatch } from './head-watch.ts';
import { judgePassIn } from './judge-pass-in.ts';
import { judgeNow, type OpenPass, openPass, type PassOutcome } from './pass.ts';
import { pause } from './pause.ts';
import { RULES, type Rules, sameHead } from './rules.ts';
import type { Snapshot } from './snapshot.ts';
import { blockIds, countBlocks, factsOf, methodOf, sidecarFiles } from './snapshot-files.ts';
import { TornDoubt } from './torn-doubt.ts';
import { identifyWriters } from './writer-identity.ts';
import type { WriterPause } from './writer-pause.ts';

/** How often the header is looked at while blocks are copied: several times within the shortest checkpoint. */
const WATCH_MS = 4;
/** Blocks that are copied at once: enough for a disk or a network to be busy, but a core is left to the writer. */
const COPY_AHEAD = Math.min(4, defaultThreads(availableParallelism(), true));
/** How long a block in use that fails its checksum is read again while the database is being written. */
const TORN_PATIENCE_MS = 500;
const TORN_PAUSE_MS = 2;

export class Freezer {
  readonly #reader: DatabaseReader;
  readonly #copy: FrozenCopy;
  readonly #options: FreezeOptions;
  readonly #rules: Rules;
  readonly #trust: BlockTrust;
  readonly #samples = new BlockSamples();
  readonly #watch: HeadWatch;
  readonly #deadlineMs: number;
  readonly #reasons = new Map<string, number>();
  /** A block that could not be read whole in this pass. */
  #torn: number | undefined;
  /** Who had the database open for writing when the copy began, or when a pass was last about to be accepted. */
  #writers: string | undefined;
  /** Set while blocks are copied under a writer that is stopped: that nothing is written proves nothing then. */
  #isWriterStopped = false;
  /** Of the accepted pass: somebody had the database open by a name beside which the WAL is looked for. */
  #isWalHere = false;
  passes = 0;
  /** Bytes of blocks that were read from the database, copied or compared, over all passes. */
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

  /** Milliseconds that are left before {@link checkTime} gives up. */
  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  /** Looks at everything that must be looked at before a block is read. */
  async open(): Promise<OpenPass> {
    await this.look();
    return this.#open();
  }

  /** Looks at the head, so that no iteration is missed. */
  async look(): Promise<void> {
    this.#options.signal?.throwIfAborted();
    await this.#watch.look();
  }

  /** The WAL as the file system has it now. */
  async walState(): Promise<FileState | undefined> {
    return (await databaseState(this.#reader.path)).wal;
  }

  /**
   * As {@link open}, for the moment at which the WAL was as `wal` says, and the head was the one last looked at.
   *
   * @returns undefined if that cannot be had any more.
   */
  async openAt(wal: FileState | undefined): Promise<OpenPass | undefined> {
    const head = this.#watch.known?.head;
    const pass = await this.#open(Number(wal?.size ?? 0));
    const isSameWal = isSameFileIdentity(pass.start.state.wal, wal) || wal === undefined;
    if (head !== undefined && isSameWal && sameHead(pass.start.head, head)) return pass;
    await pass[Symbol.asyncDispose]();
    return undefined;
  }

  async #open(walLimit?: number): Promise<OpenPass> {
    this.passes += 1;
    this.#writers ??= await identifyWriters(this.#reader.path);
    const pass = await openPass(this.#reader, this.#options.scratch, this.#watch.known, walLimit);
    // It may have read a newer head than the last one seen.
    this.#watch.saw({ head: pass.start.head, blocks: pass.blocks });
    return pass;
  }

  /**
   * Copies what is missing, and judges.
   *
   * @param writer Stopped when the pass was opened; goes on before this returns.
   * @throws DATABASE_DAMAGED, DATABASE_REPLACED, WAL_IN_DOUBT, NO_SPACE as {@link freezeDatabase}.
   */
  async finish(pass: OpenPass, writer?: WriterPause): Promise<PassOutcome> {
    try {
      let outcome = await this.#copyAndJudge(pass, writer);
      // Also of an accepted one: head and WAL were found by the path, which may lead elsewhere by now.
      await this.#reader.checkSameFile();
      if (outcome === 'accepted') {
        this.#isWalHere = await checkHeldWal(this.#reader.path);
        this.#checkComplete(pass);
        if (await this.#changedHands()) outcome = { reason: 'it changed hands' };
      }
      if (outcome !== 'accepted') {
        this.#reasons.set(outcome.reason, (this.#reasons.get(outcome.reason) ?? 0) + 1);
      }
      return outcome;
    } finally {
      await writer?.goOn();
    }
  }

  /** @throws DATABASE_NOT_AT_REST if the time is over. */
  checkTime(): void {
    if (performance.now() > this.#deadlineMs) throw this.#gaveUp();
  }

  /** The snapshot of an accepted pass, which closes reader, pass and copy. */
  async toSnapshot(pass: OpenPass): Promise<Snapshot> {
    const { name } = this.#options;
    const copy = this.#copy;
    const { modifiedAt, ...place } = await this.#reader.attributes();
    const { blockSize } = pass.blocks;
    await this.#reader.close();
    return {
      method: methodOf(pass.start, 'hot'),
      takenAt: pass.takenAt,
      files: [
        {
          database: name,
          role: 'database',
          sizeBytes: copy.sizeBytes(blockSize),
          headBytes: HEAD_SIZE,
          chunkBytes: blockSize,
          modifiedAt,
          inUse: true,
          chunks: (wanted) => copy.chunks(pass.start.head.bytes, blockSize, wanted),
        },
        ...sidecarFiles({ database: name, modifiedAt }, pass.start, pass.sidecars, this.#rules),
      ],
      facts: factsOf(pass, { ...place, isWalHere: this.#isWalHere }),
      passes: this.passes,
      bytesRead: this.bytesRead,
      moveTo: (path) => copy.moveTo(path, pass.start.head.bytes, blockSize),
      confirm: async () => {},
      [Symbol.asyncDispose]: async () => {
        await pass[Symbol.asyncDispose]();
        await copy[Symbol.asyncDispose]();
      },
    };
  }

  /**
   * Whether others have the database open than before ({@link #writers}). Then another file may have been copied into this one in
   * between, with a head that is the same or seems to follow, also in the middle of the pass. The next pass compares what was
   * copied with what stands there, as each does. It does not copy everything again: writers who come and go would keep a copy
   * from its end for ever.
   */
  async #changedHands(): Promise<boolean> {
    const before = this.#writers;
    this.#writers = await identifyWriters(this.#reader.path);
    return before !== this.#writers;
  }

  async #copyAndJudge(pass: OpenPass, writer: WriterPause | undefined): Promise<PassOutcome> {
    const first = this.passes === 1;
    if (first) await this.#checkSpace(pass);
    // The first pass copies whatever happens: most of it stays good. A later one under a checkpoint could not be accepted.
    if (!first && this.#rules.showsCheckpoint(pass.start.wal, pass.start.state)) {
      // A stopped writer would never end it.
      await writer?.goOn();
      if (await checkpointEnds(this.#reader, this.#watch, pass, this.#options.signal))
        return { reason: 'a checkpoint is running' };
    }
    this.#isWriterStopped = writer !== undefined;
    const moved = await this.#copyMissing(pass, first);
    if (moved) return { reason: 'the header moved' };
    if (this.#torn !== undefined) return { reason: 'a block is being written' };
    // What is stopped looks quiet: only a running writer's silence proves anything.
    const verdict = writer === undefined ? undefined : await judgeNow(this.#reader, pass, this.#rules);
    await writer?.goOn();
    if (verdict?.verdict === 'accept') return 'accepted';
    const { signal } = this.#options;
    return judgePassIn(this.#reader, pass, { deadlineMs: this.#deadlineMs, rules: this.#rules, signal });
  }

  async #hasMoved(pass: OpenPass): Promise<boolean> {
    this.#options.signal?.throwIfAborted();
    await this.#watch.look();
    const { head = pass.start.head } = this.#watch.known ?? {};
    return !this.#rules.headStayed(pass.start.head, head);
  }

  /**
   * Compares what is trusted with what stands in the file, and drops the trust in what is another block by now. Right only
   * after head and WAL of the pass were read: what they refer to had been written by then, and what is written later they do
   * not refer to.
   *
   * @returns whether the header moved: then it ends.
   */
  async #compareTrusted(pass: OpenPass): Promise<boolean> {
    const { blockSize } = pass.blocks;
    const bytes = Buffer.alloc(sampleBytes(blockSize));
    let lookedMs = performance.now();
    for (const id of blockIds(this.#copy.count)) {
      if (!this.#trust.has(id)) continue;
      const now = digestOf(bytes.subarray(0, this.#reader.peek(id, blockSize, bytes)));
      this.bytesRead += bytes.length;
      if (!this.#rules.isAsCopied(this.#samples.of(id), now)) this.#trust.drop(id);
      if (performance.now() - lookedMs < WATCH_MS) continue;
      if (await this.#hasMoved(pass)) return true;
      lookedMs = performance.now();
    }
    return false;
  }

  /** Copies what is not trusted; returns whether the header moved. A pass that is not the first ends when it does. */
  async #copyMissing(pass: OpenPass, first: boolean): Promise<boolean> {
    this.#torn = undefined;
    const withFree = this.#rules.needsFreeBlocks(pass.start);
    this.#copy.begin(countBlocks(pass.blocks, await this.#reader.size(), withFree));
    // In the first pass there is nothing to compare.
    if (await this.#compareTrusted(pass)) return true;
    const missing = blockIds(this.#copy.count).filter((id) => {
      if (this.#trust.has(id)) this.#copy.hold(id);
      else return pass.blocks.isUsed(id) || withFree;
      return false;
    });
    const pool = new BufferPool(pass.blocks.blockSize, this.#copy.buffers(COPY_AHEAD, pass.blocks.blockSize));
    let lookedMs = performance.now();
    const copying = orderedMap(missing, COPY_AHEAD, async (id) => {
      const buffer = pool.take();
      await this.#copyBlock(id, pass, buffer);
      pool.give(buffer);
    });
    for await (const _ of copying) {
      // The header is looked at also while the disk is waited for.
      do {
        if (performance.now() - lookedMs < WATCH_MS) continue;
        if ((await this.#hasMoved(pass)) && !first) return true;
        lookedMs = performance.now();
      } while (await this.#copy.waitForDisk(WATCH_MS));
    }
    return this.#hasMoved(pass);
  }

  async #copyBlock(id: number, pass: OpenPass, buffer: Buffer): Promise<void> {
    let doubt: TornDoubt | undefined;
    for (;;) {
      const known = this.#watch.known;
      const { blocks } = known ?? pass;
      this.bytesRead += buffer.length;
      if (await this.#reader.readBlock(id, blocks, buffer, this.#rules.isWhole)) {
        await this.#copy.write(id, buffer);
        this.#copy.hold(id);
        // Read across a header's move it may be of either iteration: good for nothing but this pass, which is lost.
        if (this.#watch.known === known) {
          this.#samples.copied(id, buffer);
          this.#trust.copied(id, blocks);
        }
        this.#options.onBytes?.(buffer.length);
        return;
      }
      // Free and torn: it is being written now, so the WAL that was captured before does not refer to it.
      if (!pass.blocks.isUsed(id)) return;
      // Moved: the pass is lost anyway, and the next one knows better whether the block is in use.
      if ((await this.#watch.look()) || !blocks.isUsed(id)) return;
      // One that is not there yet has cost this pass already; the others are copied all the same.
      const patienceMs = this.#torn === undefined ? TORN_PATIENCE_MS : 0;
      doubt ??= new TornDoubt(this.#reader.path, { patienceMs, held: true });
      const verdict = await doubt.verdict();
      if (verdict === 'damaged' && !this.#isWriterStopped) throw damagedBlock(this.#reader.path, id);
      if (verdict !== 'in doubt') {
        this.#torn = id;
        return;
      }
      await pause(TORN_PAUSE_MS, this.#options.signal);
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
    const torn = this.#torn;
    return new QuackupError(
      'DATABASE_NOT_AT_REST',
      `${this.#reader.path} did not come to rest within ${Math.round(this.#options.waitMs / 1000)} s: ${this.passes} passes, ${reasons}`,
      {
        hint:
          torn === undefined
            ? 'run the backup when less is written, or give it more time with --wait'
            : `block ${torn} is being written, or damaged: run the backup while nobody writes, which tells`,
      },
    );
  }
}
