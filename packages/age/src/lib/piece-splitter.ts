/**
 * Cuts a stream into pieces of one length. The last piece has to be known as such when it is given out, so one whole piece
 * is always held back until something follows it.
 */
export class PieceSplitter {
  readonly #pieceBytes: number;
  readonly #held: Uint8Array;
  #used = 0;

  constructor(pieceBytes: number) {
    this.#pieceBytes = pieceBytes;
    this.#held = new Uint8Array(pieceBytes);
  }

  /**
   * Takes the next bytes and gives the pieces that are whole and not the last. A piece is a view of `bytes` or of memory that
   * the next one overwrites: it must be used before the next is asked for. `bytes` are not needed when all have been taken.
   */
  *push(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
    let at = 0;
    while (at < bytes.length) {
      if (this.#used === this.#pieceBytes) {
        this.#used = 0;
        yield this.#held;
      }
      // Something has to follow a piece before it can be given out.
      while (this.#used === 0 && bytes.length - at > this.#pieceBytes) {
        yield bytes.subarray(at, at + this.#pieceBytes);
        at += this.#pieceBytes;
      }
      const length = Math.min(bytes.length - at, this.#pieceBytes - this.#used);
      this.#held.set(bytes.subarray(at, at + length), this.#used);
      this.#used += length;
      at += length;
    }
  }

  /** The last piece, when all bytes have been pushed. It is empty only if there were none at all. */
  last(): Uint8Array {
    return this.#held.subarray(0, this.#used);
  }
}
