import { QuackupError } from '../errors.ts';

/** An archive's content as it comes, cut into the frames that are wanted. Holds the pieces that the next frame may begin in, no more. */
export class ArchiveBytes {
  readonly #source: AsyncIterator<Buffer>;
  readonly #pieces: Buffer[] = [];
  /** Where the first piece lies in the archive, and where the last one ends. */
  #start = 0;
  #end = 0;

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /**
   * The bytes at `offset`, in memory of their own. Each call must ask for what lies behind that of the call before.
   *
   * @throws BACKUP_DAMAGED if the archive ends before they do.
   */
  async take(offset: number, length: number): Promise<Buffer> {
    while (this.#end < offset + length) {
      this.#forget(offset);
      if (await this.#more()) continue;
      throw new QuackupError(
        'BACKUP_DAMAGED',
        `it ends after ${this.#end} bytes, in the middle of its chunks`,
      );
    }
    this.#forget(offset);
    const bytes = Buffer.allocUnsafeSlow(length);
    let [filled, from] = [0, offset - this.#start];
    for (const piece of this.#pieces) {
      if (filled === length) break;
      filled += piece.copy(bytes, filled, from, from + length - filled);
      from = 0;
    }
    return bytes;
  }

  /** Reads on to the end. */
  async drain(): Promise<void> {
    do this.#forget(this.#end);
    while (await this.#more());
  }

  async #more(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done === true) return false;
    this.#pieces.push(next.value);
    this.#end += next.value.length;
    return true;
  }

  /** Lets go of what lies before `offset`. */
  #forget(offset: number): void {
    for (let [piece] = this.#pieces; piece !== undefined; [piece] = this.#pieces) {
      if (this.#start + piece.length > offset) return;
      this.#pieces.shift();
      this.#start += piece.length;
    }
  }
}
