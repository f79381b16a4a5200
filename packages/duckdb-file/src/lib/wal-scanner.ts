/**
 * A WAL: a head (wal-head.ts), then entries one after another (DuckDB: `ChecksumWriter::Flush`):
 *
 *       0  u64 size of the payload
 *       8  u64 checksum of the payload
 *      16  payload (wal-entry.ts)
 *
 * A transaction is what lies between two WAL_FLUSH entries.
 */
import { RunningChecksum } from './checksum.ts';
import { readUint64 } from './read-uint64.ts';
import { ENTRY_PREFIX_BYTES, parseWalEntry } from './wal-entry.ts';
import { MAX_WAL_HEAD_BYTES, parseWalHead, WAL_VERSION_WITH_CHECKSUMS, type WalHead } from './wal-head.ts';
import type { WalSummary } from './wal-summary.ts';

const FRAME_BYTES = 16;

/** An entry whose frame was read and whose payload is coming. */
interface OpenEntry {
  readonly checksum: bigint;
  readonly running: RunningChecksum;
  /** Bytes of the payload that are still to come. A size that no file has just never ends: nothing is allocated by it. */
  left: number;
}

type Fault = 'bad-checksum' | 'bad-header' | 'unsupported';

/**
 * Scans a WAL that comes in pieces of any size. Keeps a few hundred bytes, however long the WAL or an entry is.
 *
 * {@link WalScanner.summary} tells at any time what was seen so far, and pushing may go on after it. A fault is final: what
 * follows is only counted. Since DuckDB cuts off the tail of an aborted commit and writes anew from there, a WAL that
 * turned out bad or torn while it is being written has to be scanned again from its start.
 */
export class WalScanner {
  #length = 0;
  /** Bytes of the head, then of a frame, then of a payload's beginning, each as far as they have come. */
  readonly #kept = new Uint8Array(MAX_WAL_HEAD_BYTES);
  #keptLength = 0;
  #head: WalHead | undefined;
  #entry: OpenEntry | undefined;
  #fault: Fault | undefined;
  #end = 0;
  #commitEnd = 0;
  #commits = 0;
  #rowGroupDataEntries = 0;
  #checkpoint: WalSummary['checkpoint'];
  #isMarkerOpen = false;

  /** Takes the bytes that follow those of the last call. Does not keep them. */
  push(bytes: Uint8Array): void {
    this.#length += bytes.length;
    for (let rest = bytes; rest.length > 0 && this.#fault === undefined;) {
      if (this.#head === undefined) rest = this.#takeHead(rest);
      else if (this.#entry === undefined) rest = this.#takeFrame(rest);
      else rest = this.#takePayload(rest, this.#entry);
    }
  }

  /** What is known of the bytes pushed so far. */
  summary(): WalSummary {
    return {
      state: this.#state(),
      version: this.#head?.version,
      databaseId: this.#head?.databaseId,
      iteration: this.#head?.iteration,
      headerEnd: this.#head?.end ?? 0,
      commitEnd: this.#commitEnd,
      commits: this.#commits,
      end: this.#end,
      length: this.#length,
      checkpoint: this.#checkpoint,
      rowGroupDataEntries: this.#rowGroupDataEntries,
    };
  }

  #state(): WalSummary['state'] {
    if (this.#fault !== undefined) return this.#fault;
    if (this.#length === 0) return 'empty';
    return this.#head !== undefined && this.#end === this.#length ? 'clean' : 'torn-tail';
  }

  /** Fills up what is kept to `size` bytes. Returns what is left of `bytes`. */
  #keep(bytes: Uint8Array, size: number): Uint8Array {
    const piece = bytes.subarray(0, Math.max(0, size - this.#keptLength));
    this.#kept.set(piece, this.#keptLength);
    this.#keptLength += piece.length;
    return bytes.subarray(piece.length);
  }

  #takeKept(): Uint8Array {
    const kept = this.#kept.subarray(0, this.#keptLength);
    this.#keptLength = 0;
    return kept;
  }

  #takeHead(bytes: Uint8Array): Uint8Array {
    const before = this.#keptLength;
    this.#keep(bytes, MAX_WAL_HEAD_BYTES);
    const head = parseWalHead(this.#kept.subarray(0, this.#keptLength));
    if (head === 'incomplete') return bytes.subarray(this.#keptLength - before);
    this.#keptLength = 0;
    if (head === 'bad') {
      this.#fault = 'bad-header';
      return bytes;
    }
    this.#head = head;
    this.#end = head.end;
    if (head.version !== WAL_VERSION_WITH_CHECKSUMS) {
      this.#fault = 'unsupported';
      return bytes;
    }
    // More may have been kept than the head is long; those bytes are still in this piece.
    return bytes.subarray(head.end - before);
  }

  #takeFrame(bytes: Uint8Array): Uint8Array {
    const rest = this.#keep(bytes, FRAME_BYTES);
    if (this.#keptLength === FRAME_BYTES) {
      const frame = this.#takeKept();
      this.#entry = {
        left: Number(readUint64(frame, 0)),
        checksum: readUint64(frame, 8),
        running: new RunningChecksum(),
      };
      if (this.#entry.left === 0) this.#fault = 'bad-checksum'; // a payload has a type at least; zeros come here
    }
    return rest;
  }

  #takePayload(bytes: Uint8Array, entry: OpenEntry): Uint8Array {
    const piece = bytes.subarray(0, Math.min(entry.left, bytes.length));
    this.#keep(piece, ENTRY_PREFIX_BYTES);
    entry.running.add(piece);
    entry.left -= piece.length;
    const rest = bytes.subarray(piece.length);
    if (entry.left === 0) this.#closeEntry(entry, this.#length - rest.length);
    return rest;
  }

  #closeEntry(open: OpenEntry, end: number): void {
    const entry = open.running.value() === open.checksum ? parseWalEntry(this.#takeKept()) : undefined;
    if (entry === undefined) {
      this.#fault = 'bad-checksum';
      return;
    }
    if (entry.kind === 'checkpoint') {
      this.#checkpoint = { offset: this.#end, metaBlock: entry.metaBlock, commitEndBefore: this.#commitEnd };
    } else if (entry.kind === 'row-group-data') {
      this.#rowGroupDataEntries += 1;
    } else if (entry.kind === 'flush') {
      this.#commitEnd = end;
      if (!this.#isMarkerOpen) this.#commits += 1;
    }
    // DuckDB closes a marker with a WAL_FLUSH of its own, which commits nothing.
    this.#isMarkerOpen = entry.kind === 'checkpoint';
    this.#end = end;
    this.#entry = undefined;
  }
}

/**
 * Scans a WAL that is in memory as a whole.
 *
 * @returns the same as a {@link WalScanner} that was given the bytes in pieces.
 */
export function scanWal(bytes: Uint8Array): WalSummary {
  const scanner = new WalScanner();
  scanner.push(bytes);
  return scanner.summary();
}
