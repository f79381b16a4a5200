/** Everything that this package refuses. One line each: the code is stable, the sentence is what it means. */
export const AGE_ERROR_CODES = {
  NOT_AGE: 'the file is not an age file',
  HEADER_INVALID: 'the header of the file is not one that the format allows',
  HEADER_DAMAGED: 'the header of the file is not the one that was written: its authentication code is wrong',
  HEADER_TOO_LARGE: 'the header of the file has no end within the length that is read',
  WRONG_KEY: 'none of the identities opens the file',
  TRUNCATED: 'the file ends before its end',
  TRAILING_DATA: 'the file goes on after its end',
  PIECE_DAMAGED: 'a piece of the file is not what was written there',
  RECIPIENT_INVALID: 'a recipient is not well formed, or cannot be used together with the others',
  IDENTITY_INVALID: 'an identity is not well formed',
} as const;

export type AgeErrorCode = keyof typeof AGE_ERROR_CODES;

export interface AgeErrorOptions {
  /** Where in the encrypted file, in bytes; where the piece begins for `PIECE_DAMAGED`. */
  readonly offset?: number;
  readonly cause?: unknown;
}

/** What this package throws for its input. Neither message nor cause holds a key, a passphrase or a byte of plaintext. */
export class AgeError extends Error {
  override readonly name = 'AgeError';
  readonly code: AgeErrorCode;
  /** Where in the encrypted file, in bytes, if it is about a place. */
  readonly offset: number | undefined;

  constructor(code: AgeErrorCode, message: string, options: AgeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.offset = options.offset;
  }
}
