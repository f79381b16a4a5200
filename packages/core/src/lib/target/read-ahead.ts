/**
 * A whole object in order, by several requests at a time where that gains something: in the network one connection often carries a
 * tenth of what the line does.
 *
 *     range 1          by itself. If its reader hardly ever had to wait, the rest comes in one request
 *     range 2          passes on as it comes
 *     ranges 3 to n    gather meanwhile
 *     range n + 1      begins when range 2 has been passed on
 *
 * Memory is bounded by a buffer of RANGE_BYTES for each of them. Each range is tried again by itself; all are of one version.
 */
import { isTargetError, type ObjectKey } from '@quackup/target-api';

import { GatheredRange } from './gathered-range.ts';
import { cut, ObjectVersion } from './object-version.ts';
import type { TargetClient } from './target-client.ts';

/** Far more than what arrives while a request is on its way, and four of them are no burden. */
const RANGE_BYTES = 8 * 1024 * 1024;
/** Bytes for each millisecond of waiting (100 MB/s). Whoever gets more than that is busy with them, and more requests cost time. */
const FAST_BYTES_PER_MS = 100_000;

export interface ReadAheadOptions {
  /** The first byte that is wanted. Default: 0. */
  readonly start?: number;
  readonly rangeBytes?: number;
  readonly nowMs?: () => number;
}

/**
 * The bytes of an object from `start` to its end, as {@link TargetClient.read} gives them. How many requests there are at a time is
 * the target's to say (`parallelReads`), and the limits' of its configuration.
 *
 * @throws as {@link TargetClient.read}; BACKUP_DAMAGED if a range gives fewer or more bytes than it must.
 */
export async function* readAhead(
  client: TargetClient,
  key: ObjectKey,
  { start = 0, rangeBytes = RANGE_BYTES, nowMs = () => performance.now() }: ReadAheadOptions = {},
): AsyncGenerator<Buffer, void, undefined> {
  const fromStart = start === 0 ? undefined : { start };
  if (client.readLanes === 1) {
    yield* client.read(key, fromStart);
    return;
  }
  const version = new ObjectVersion(key);
  const end = start + rangeBytes;
  let done = start;
  let waitedMs = 0;
  try {
    // How long the request takes says little of how fast bytes come.
    let sinceMs: number | undefined;
    for await (const piece of client.read(key, { start, end }, version)) {
      if (sinceMs !== undefined) waitedMs += nowMs() - sinceMs;
      done += piece.length;
      yield piece;
      sinceMs = nowMs();
    }
    if (sinceMs !== undefined) waitedMs += nowMs() - sinceMs;
  } catch (error) {
    if (done > start || !knowsNoRanges(error)) throw error;
    yield* client.read(key, fromStart);
    return;
  }
  const size = version.info?.size ?? 0;
  const expected = Math.max(start, Math.min(end, size));
  if (done !== expected) throw cut(key, expected - start, done - start);
  if (end >= size) return;
  const isFast = rangeBytes >= waitedMs * FAST_BYTES_PER_MS;
  yield* isFast
    ? client.read(key, { start: end }, version)
    : readSideBySide(client, version, { start: end, end: size, rangeBytes });
}

interface Span {
  readonly start: number;
  readonly end: number;
  readonly rangeBytes: number;
}

async function* readSideBySide(
  client: TargetClient,
  version: ObjectVersion,
  { start, end, rangeBytes }: Span,
): AsyncGenerator<Buffer, void, undefined> {
  const left = new AbortController();
  const signals = [left.signal, ...(client.signal === undefined ? [] : [client.signal])];
  const reader = client.under(AbortSignal.any(signals));
  const buffers: Buffer[] = [];
  const running: GatheredRange[] = [];
  let begun = start;
  const beginAll = (): void => {
    while (running.length < client.readLanes && begun < end) {
      const range = { start: begun, end: Math.min(end, begun + rangeBytes) };
      const buffer = buffers.pop() ?? Buffer.allocUnsafeSlow(rangeBytes);
      running.push(new GatheredRange(reader.read(version.key, range, version), buffer));
      begun = range.end;
    }
  };
  try {
    beginAll();
    let done = start;
    for (let range = running[0]; range !== undefined; range = running[0]) {
      const expected = Math.min(rangeBytes, end - done);
      let length = 0;
      for await (const piece of range) {
        length += piece.length;
        yield piece;
      }
      if (length !== expected) throw cut(version.key, expected, length);
      done += length;
      running.shift();
      buffers.push(range.buffer);
      beginAll();
    }
  } finally {
    left.abort(new Error(`nobody reads ${version.key} any more`));
    await Promise.all(running.map(({ gathered }) => gathered));
  }
}

/** A proxy on the way that takes a range for the whole object. */
function knowsNoRanges(error: unknown): boolean {
  return isTargetError(error) && (error.code === 'CORRUPT' || error.code === 'UNSUPPORTED');
}
