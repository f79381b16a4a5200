import { AgeError, type AgeErrorCode, openSealed, type SealedRange } from '@quackup/age/sealed';

/** A range of an archive as it is stored, and what it takes to open it if it is encrypted. */
export interface StoredRange {
  readonly stored: Uint8Array;
  readonly sealed?: Omit<SealedRange, 'stored'>;
}

/** What of an {@link AgeError} passes between threads. */
export interface SealFailure {
  readonly code: AgeErrorCode;
  readonly message: string;
  readonly offset?: number;
}

/** The content of a range, in the memory of `stored`; nothing of it unless all of it is authentic. */
export function openStored({ stored, sealed }: StoredRange): Uint8Array | SealFailure {
  if (sealed === undefined) return stored;
  try {
    return openSealed({ ...sealed, stored });
  } catch (error) {
    if (!(error instanceof AgeError)) throw error;
    const { code, message, offset } = error;
    return { code, message, ...(offset === undefined ? {} : { offset }) };
  }
}
