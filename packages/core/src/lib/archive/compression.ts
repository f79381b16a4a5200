import { promisify } from 'node:util';
import {
  constants,
  gunzip,
  gunzipSync,
  gzip,
  gzipSync,
  zstdCompress,
  zstdCompressSync,
  zstdDecompress,
  zstdDecompressSync,
  type ZstdOptions,
} from 'node:zlib';

import type { Compression } from '../api.ts';
import { QuackupError } from '../errors.ts';

/**
 * One chunk in, one frame out: a zstd frame (RFC 8878, with content size and checksum), a gzip member (RFC 1952) or the
 * bytes themselves. Frames written one after another are a valid `.zst` or `.gz` stream, and each can be read alone.
 *
 * One-shot calls on purpose. Node's streaming zstd truncates its output with `nbWorkers`, and its decoder silently drops
 * everything behind the first frame; a frame at a time, with every length checked here, has neither trap. Each call
 * runs in libuv's thread pool, so several run at once.
 */
export interface Codec {
  readonly algorithm: Compression['algorithm'];
  /** Of the archive: `.tar.zst`, `.tar.gz`, `.tar`. */
  readonly extension: string;
  encode(chunk: Uint8Array): Promise<Uint8Array>;
  /** As `encode`, on the thread that calls. */
  encodeSync(chunk: Uint8Array): Uint8Array;
  /**
   * @param length Bytes that the frame must decode to; memory is never taken for more.
   * @throws QuackupError `BACKUP_DAMAGED` if the frame does not decode to exactly that.
   */
  decode(frame: Uint8Array, length: number): Promise<Uint8Array>;
  /** As `decode`, on the thread that calls: for a worker, which has nothing else to do. */
  decodeSync(frame: Uint8Array, length: number): Uint8Array;
}

export const DEFAULT_COMPRESSION: Compression = { algorithm: 'zstd', level: 3 };

const compressZstd = promisify(zstdCompress);
const expandZstd = promisify(zstdDecompress);
const compressGzip = promisify(gzip);
const expandGzip = promisify(gunzip);

/** Levels that the algorithm knows. Zstd's negative levels are left out: Node takes -1 for the default level. */
export const COMPRESSION_LEVELS = {
  zstd: { min: 1, max: 22, default: 3 },
  gzip: { min: 1, max: 9, default: 6 },
} as const;

/**
 * @throws QuackupError `CONFIG_INVALID` if the algorithm has no such level.
 */
export function createCodec(compression: Compression): Codec {
  const { algorithm } = compression;
  if (algorithm === 'none') {
    if (compression.level !== undefined) throw invalidLevel(compression, 'it has no levels');
    return {
      algorithm,
      extension: '.tar',
      encode: async (chunk) => chunk,
      encodeSync: (chunk) => chunk,
      decode: async (frame, length) => checkLength(frame, length),
      decodeSync: checkLength,
    };
  }
  const levels = COMPRESSION_LEVELS[algorithm];
  const level = compression.level ?? levels.default;
  if (!Number.isInteger(level) || level < levels.min || level > levels.max) {
    throw invalidLevel(compression, `it has levels ${levels.min} to ${levels.max}`);
  }
  return algorithm === 'zstd' ? zstdCodec(level) : gzipCodec(level);
}

function invalidLevel({ algorithm, level }: Compression, why: string): QuackupError {
  return new QuackupError('CONFIG_INVALID', `compression ${algorithm} cannot have level ${level}: ${why}`, {
    hint: 'leave the level out for the default',
  });
}

// Room for an incompressible chunk in one piece: the default of 16 KiB costs a call and a copy for each 16 KiB.
const outputSize = (length: number): number => length + (length >> 7) + 512;

function zstdCodec(level: number): Codec {
  const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 };
  // The size in advance: the frame says it, and zstd fits its tables to it, which gains 3 % of space.
  const options = (chunk: Uint8Array): ZstdOptions => ({
    params,
    chunkSize: outputSize(chunk.length),
    pledgedSrcSize: chunk.length,
  });
  return {
    algorithm: 'zstd',
    extension: '.tar.zst',
    encode: (chunk) => compressZstd(chunk, options(chunk)),
    encodeSync: (chunk) => zstdCompressSync(chunk, options(chunk)),
    // A frame says itself how much memory its decoding takes, up to 128 MiB; one of ours never takes more than its content.
    decode: (frame, length) => decodeExactly(expandZstd, frame, length, windowLimit(length)),
    decodeSync: (frame, length) => decodeExactlySync(zstdDecompressSync, frame, length, windowLimit(length)),
  };
}

function gzipCodec(level: number): Codec {
  return {
    algorithm: 'gzip',
    extension: '.tar.gz',
    encode: (chunk) => compressGzip(chunk, { level, chunkSize: outputSize(chunk.length) }),
    encodeSync: (chunk) => gzipSync(chunk, { level, chunkSize: outputSize(chunk.length) }),
    decode: (frame, length) => decodeExactly(expandGzip, frame, length),
    decodeSync: (frame, length) => decodeExactlySync(gunzipSync, frame, length),
  };
}

/** Decoded bytes for which room is made in advance; the rest as it comes, since `length` may be a lie. */
const MAX_ROOM = 1024 * 1024;

/** The least window of a frame with so many bytes of content, as a power of two, with one to spare. */
const windowLog = (length: number): number =>
  Math.min(27, Math.max(17, Math.ceil(Math.log2(length + 1))) + 1);

const windowLimit = (length: number): Readonly<Record<number, number>> => ({
  [constants.ZSTD_d_windowLogMax]: windowLog(length),
});

interface ExpandOptions {
  readonly maxOutputLength: number;
  readonly chunkSize: number;
  readonly params?: Readonly<Record<number, number>>;
}

/** One byte of room: zlib stops at the limit itself, and an exact fit must not be taken for an overflow. */
const expandOptions = (length: number, params?: ExpandOptions['params']): ExpandOptions => ({
  maxOutputLength: length + 1,
  chunkSize: Math.min(MAX_ROOM, Math.max(64, length + 1)),
  ...(params === undefined ? {} : { params }),
});

async function decodeExactly(
  expand: (frame: Uint8Array, options: ExpandOptions) => Promise<Uint8Array>,
  frame: Uint8Array,
  length: number,
  params?: ExpandOptions['params'],
): Promise<Uint8Array> {
  try {
    return checkLength(await expand(frame, expandOptions(length, params)), length);
  } catch (error) {
    throw undecodable(frame, error);
  }
}

function decodeExactlySync(
  expand: (frame: Uint8Array, options: ExpandOptions) => Uint8Array,
  frame: Uint8Array,
  length: number,
  params?: ExpandOptions['params'],
): Uint8Array {
  try {
    return checkLength(expand(frame, expandOptions(length, params)), length);
  } catch (error) {
    throw undecodable(frame, error);
  }
}

function undecodable(frame: Uint8Array, error: unknown): QuackupError {
  if (error instanceof QuackupError) return error;
  return new QuackupError(
    'BACKUP_DAMAGED',
    `a frame of ${frame.length} bytes does not decode: ${(error as Error).message}`,
    { cause: error },
  );
}

function checkLength(chunk: Uint8Array, length: number): Uint8Array {
  if (chunk.length === length) return chunk;
  throw new QuackupError('BACKUP_DAMAGED', `a frame decodes to ${chunk.length} bytes, not ${length}`);
}

/** The algorithm that an archive's key tells, encrypted or not. */
export function algorithmOfKey(key: string): Compression['algorithm'] {
  if (/\.zst(?:\.age)?$/.test(key)) return 'zstd';
  return /\.gz(?:\.age)?$/.test(key) ? 'gzip' : 'none';
}
