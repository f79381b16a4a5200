/**
 * DuckDB's binary serialization, as far as the WAL needs it: fields in ascending order, each a number of 16 bits,
 * little-endian, and its value; 0xffff ends an object. Whole numbers are LEB128: 7 bits a byte, the lowest first.
 */

/** The bytes end within the value: with more of them it may be read. */
export class EndOfBytes extends Error {
  override readonly name = 'EndOfBytes';
}

/** The bytes are not what is read from them, whatever may follow. */
export class BadFields extends Error {
  override readonly name = 'BadFields';
}

export const OBJECT_END = 0xffff;

const MAX_VARINT_BYTES = 10;

/** Reads fields and whole numbers one after another. */
export class FieldReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get offset(): number {
    return this.#offset;
  }

  /** @throws EndOfBytes */
  field(): number {
    return this.#byte() | (this.#byte() << 8);
  }

  /** @throws EndOfBytes @throws BadFields if another field comes next. */
  expect(field: number): void {
    if (this.field() !== field) throw new BadFields(`field ${field} is missing`);
  }

  /** @throws EndOfBytes @throws BadFields if it does not fit in 64 bits. */
  varint(): bigint {
    let value = 0n;
    for (let index = 0; index < MAX_VARINT_BYTES; index += 1) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) {
        if (value >= 1n << 64n) break;
        return value;
      }
    }
    throw new BadFields('a number has more than 64 bits');
  }

  #byte(): number {
    const byte = this.#bytes[this.#offset];
    if (byte === undefined) throw new EndOfBytes();
    this.#offset += 1;
    return byte;
  }
}
