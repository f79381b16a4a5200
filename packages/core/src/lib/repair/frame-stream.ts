import type { Codec } from '../archive/compression.ts';
import { gzipMember, MAX_FRAME_BYTES, zstdFrame } from './frame-length.ts';

/** A frame as it was found. */
export interface Frame {
  /** First byte in the archive. */
  readonly offset: number;
  /** Stored bytes. */
  readonly length: number;
  /** Decoded. */
  readonly bytes: Buffer;
}

/**
 * The content of an archive read from its first byte without an index: frame by frame, or as one run of decoded bytes. What is not
 * compressed has no frames; there they are as long as they are asked to be.
 */
export class FrameStream {
  readonly #pieces: AsyncIterator<Buffer>;
  readonly #codec: Codec;
  /** Stored bytes that have come and are not decoded yet. */
  #stored: Buffer = Buffer.alloc(0);
  #offset = 0;
  #ended = false;
  /** Decoded bytes of the last frame that nobody has taken yet. */
  #rest: Buffer = Buffer.alloc(0);

  constructor(pieces: AsyncIterable<Buffer>, codec: Codec) {
    this.#pieces = pieces[Symbol.asyncIterator]();
    this.#codec = codec;
  }

  /** Where the next frame begins in the archive. */
  get offset(): number {
    return this.#offset;
  }

  /**
   * The next `length` decoded bytes, wherever the frames end.
   *
   * @throws Error if there are not so many.
   */
  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let missing = length; missing > 0;) {
      if (this.#rest.length === 0) this.#rest = (await this.#next(missing)).bytes;
      const part = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(part.length);
      missing -= part.length;
      parts.push(part);
    }
    return Buffer.concat(parts, length);
  }

  /**
   * The next frame as a whole.
   *
   * @param length Bytes of it, if the archive is not compressed.
   * @throws Error if the last one has not been taken to its end, or none follows.
   */
  async frame(length: number): Promise<Frame> {
    if (this.#rest.length > 0) throw new Error('a frame holds more than it must');
    return this.#next(length);
  }

  /** Reads the archive to its end, whatever is there. */
  async drain(): Promise<void> {
    while (await this.#more(true));
  }

  async #next(length: number): Promise<Frame> {
    for (;;) {
      const found = await this.#decodeFirst(length);
      if (found !== undefined) return found;
      if (this.#stored.length > MAX_FRAME_BYTES)
        throw new Error(`a frame at byte ${this.#offset} has more than ${MAX_FRAME_BYTES} bytes`);
      if (!(await this.#more(false)))
        throw new Error(`it ends after ${this.#offset + this.#stored.length} bytes, in the middle`);
    }
  }

  /** The frame at the beginning of what is stored, or undefined if more bytes are needed. */
  async #decodeFirst(length: number): Promise<Frame | undefined> {
    const stored = this.#stored;
    if (stored.length === 0) return undefined;
    try {
      if (this.#codec.algorithm === 'gzip') {
        const member = gzipMember(stored, this.#ended);
        return member && this.#advance(member.length, member.content);
      }
      const found =
        this.#codec.algorithm === 'none'
          ? stored.length < length
            ? undefined
            : { length, contentBytes: length }
          : zstdFrame(stored);
      if (found === undefined) return undefined;
      const bytes = await this.#codec.decode(stored.subarray(0, found.length), found.contentBytes);
      return this.#advance(found.length, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    } catch (error) {
      throw new Error(`the frame at byte ${this.#offset}: ${(error as Error).message}`, { cause: error });
    }
  }

  #advance(length: number, bytes: Buffer): Frame {
    const frame = { offset: this.#offset, length, bytes };
    this.#stored = this.#stored.subarray(length);
    this.#offset += length;
    return frame;
  }

  /** One more piece, instead of what there is or behind it. */
  async #more(instead: boolean): Promise<boolean> {
    const next = await this.#pieces.next();
    if (next.done === true) {
      this.#ended = true;
      return false;
    }
    this.#stored = instead ? next.value : Buffer.concat([this.#stored, next.value]);
    return true;
  }
}
