/**
 * Where a frame ends, told by the frame itself. An archive without its index is read by this, from frame to frame.
 *
 * zstd (RFC 8878, 3.1.1): magic, header with a size of the content, blocks of a 3-byte header each (bit 0 last, bits 1-2
 * type, the rest the size; type 1 repeats one byte), 4 bytes of checksum. gzip (RFC 1952, 2.3): 10 bytes of header,
 * deflated data whose end only its decoder knows, CRC-32 and length.
 */
import { crc32, inflateRawSync } from 'node:zlib';

/** Stored bytes of any frame of an archive: the head of an index is the longest. Memory is never taken for more. */
export const MAX_FRAME_BYTES: number = 20 * 1024 * 1024;

/** A frame that begins where one must. */
export interface FoundFrame {
  /** Stored bytes. */
  readonly length: number;
  /** Bytes that it decodes to. */
  readonly contentBytes: number;
}

const ZSTD_MAGIC = 0xfd2f_b528;
const BLOCK_HEADER = 3;
const CHECKSUM = 4;

/**
 * @param bytes What begins with a frame.
 * @returns undefined if the frame goes on behind the bytes.
 * @throws Error if no frame of ours begins there.
 */
export function zstdFrame(bytes: Buffer): FoundFrame | undefined {
  if (bytes.length < 18) return shortZstdFrame(bytes);
  if (bytes.readUInt32LE(0) !== ZSTD_MAGIC) throw new Error('no zstd frame begins there');
  const descriptor = bytes.readUInt8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const hasChecksum = (descriptor & 0x04) !== 0;
  if ((descriptor & 0x03) !== 0) throw new Error('it needs a dictionary');
  let at = 5 + (isSingleSegment ? 0 : 1);
  const sizeFlag = descriptor >> 6;
  if (sizeFlag === 0 && !isSingleSegment) throw new Error('it does not say its size');
  const contentBytes =
    sizeFlag === 0
      ? bytes.readUInt8(at)
      : sizeFlag === 1
        ? bytes.readUInt16LE(at) + 256
        : sizeFlag === 2
          ? bytes.readUInt32LE(at)
          : Number(bytes.readBigUInt64LE(at));
  at += [1, 2, 4, 8][sizeFlag] ?? 0;
  if (contentBytes > MAX_FRAME_BYTES) throw new Error(`it decodes to ${contentBytes} bytes`);
  for (let last = false; !last;) {
    if (at + BLOCK_HEADER > bytes.length) return undefined;
    const header = bytes.readUIntLE(at, BLOCK_HEADER);
    last = (header & 1) !== 0;
    const type = (header >> 1) & 3;
    if (type === 3) throw new Error('it has a block of no known type');
    at += BLOCK_HEADER + (type === 1 ? 1 : header >> 3);
    if (at > MAX_FRAME_BYTES) throw new Error(`it is longer than ${MAX_FRAME_BYTES} bytes`);
  }
  at += hasChecksum ? CHECKSUM : 0;
  return at > bytes.length ? undefined : { length: at, contentBytes };
}

/** Too few bytes for all that a header can have: more are wanted, or zeros in their place tell as much. */
function shortZstdFrame(bytes: Buffer): FoundFrame | undefined {
  const found = zstdFrame(Buffer.concat([bytes, Buffer.alloc(18 - bytes.length)]));
  return found === undefined || found.length > bytes.length ? undefined : found;
}

const GZIP_HEADER = 10;
const GZIP_TRAILER = 8;

/** A gzip member, decoded on the way. */
export interface FoundMember extends FoundFrame {
  readonly content: Buffer;
}

/**
 * @param bytes What begins with a member.
 * @param isEnd Whether nothing follows the bytes.
 * @returns undefined if the member goes on behind the bytes.
 * @throws Error if no member of ours begins there, or it fails its CRC-32.
 */
export function gzipMember(bytes: Buffer, isEnd: boolean): FoundMember | undefined {
  if (bytes.length < GZIP_HEADER) {
    if (isEnd) throw new Error('it is cut off');
    return undefined;
  }
  if (bytes.readUInt16BE(0) !== 0x1f8b || bytes.readUInt8(2) !== 8)
    throw new Error('no gzip member begins there');
  if (bytes.readUInt8(3) !== 0) throw new Error('it has a header that Quackup does not write');
  let inflated: { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };
  try {
    inflated = inflateRawSync(bytes.subarray(GZIP_HEADER), {
      info: true,
      maxOutputLength: MAX_FRAME_BYTES,
    }) as unknown as typeof inflated;
  } catch (error) {
    if ((error as { code?: string }).code === 'Z_BUF_ERROR' && !isEnd) return undefined;
    throw error;
  }
  const { buffer: content, engine } = inflated;
  const end = GZIP_HEADER + engine.bytesWritten;
  if (end + GZIP_TRAILER > bytes.length) {
    if (isEnd) throw new Error('it is cut off');
    return undefined;
  }
  if (bytes.readUInt32LE(end) !== crc32(content) || bytes.readUInt32LE(end + 4) !== content.length)
    throw new Error('it fails its CRC-32');
  return { length: end + GZIP_TRAILER, contentBytes: content.length, content };
}
