/** How much of what has gathered passes on at a time. */
const PIECE_BYTES = 256 * 1024;

/**
 * A range that is read as fast as it comes, whether or not anybody takes it yet. What comes before its turn is copied into a buffer that
 * others use afterwards: thousands of small buffers that wait would all be garbage of the expensive kind.
 */
export class GatheredRange implements AsyncIterable<Buffer> {
  /** Resolves when nothing more comes, whatever the reason. */
  readonly gathered: Promise<void>;
  readonly #buffer: Buffer;
  #filled = 0;
  #taken = 0;
  /** Came after all else had been taken. */
  #fresh: Buffer[] = [];
  #isRead = false;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  /** @param buffer As long as the range, and this one's alone until `gathered` resolves and all has been read. */
  constructor(source: AsyncIterable<Buffer>, buffer: Buffer) {
    this.#buffer = buffer;
    this.gathered = this.#gather(source);
  }

  get buffer(): Buffer {
    return this.#buffer;
  }

  /** The bytes, in pieces with memory of their own. Once. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    this.#isRead = true;
    for (;;) {
      if (this.#taken < this.#filled) yield this.#take();
      else if (this.#fresh.length > 0) for (const piece of this.#fresh.splice(0)) yield piece;
      else if (this.#failure !== undefined) throw this.#failure.error;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #take(): Buffer {
    const piece = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, this.#filled - this.#taken));
    this.#buffer.copy(piece, 0, this.#taken);
    this.#taken += piece.length;
    return piece;
  }

  async #gather(source: AsyncIterable<Buffer>): Promise<void> {
    try {
      for await (const piece of source) {
        // More than was asked for passes on as it is: whoever counts will find out.
        const fits = this.#filled + piece.length <= this.#buffer.length;
        const hasRoom = fits && this.#fresh.length === 0;
        if (hasRoom && !(this.#isRead && this.#taken === this.#filled)) {
          piece.copy(this.#buffer, this.#filled);
          this.#filled += piece.length;
        } else this.#fresh.push(piece);
        this.#wake?.();
      }
    } catch (error) {
      this.#failure = { error };
    }
    this.#ended = true;
    this.#wake?.();
  }
}
