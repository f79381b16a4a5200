/**
 * What went wrong, in words that do not depend on the backend. Codes are stable: a new one is a new version of the contract.
 *
 * | code | meaning | usually retryable |
 * |---|---|---|
 * | `NOT_FOUND` | `get` of an object that is not there | no |
 * | `CONTAINER_NOT_FOUND` | the folder's parent, bucket or container itself is not there | no |
 * | `PRECONDITION_FAILED` | the put's condition does not hold; the object is as it was | no |
 * | `SIZE_MISMATCH` | the body did not have the length that was declared; nothing was stored | no |
 * | `INVALID_KEY` | the key is outside the contract | no |
 * | `INVALID_RANGE` | the range is not a range: negative, fractional or backwards | no |
 * | `INVALID_OPTIONS` | the target's own options are wrong | no |
 * | `UNSUPPORTED` | the target cannot honour what was asked, and says so by its capabilities | no |
 * | `TOO_LARGE` | the object is over the backend's limit | no |
 * | `ACCESS_DENIED` | the credentials or file modes do not allow it | no |
 * | `UNAUTHENTICATED` | there are no credentials, or they are wrong or expired | no |
 * | `NO_SPACE` | the disk or the quota is full | no |
 * | `READ_ONLY` | the place cannot be written at all | no |
 * | `THROTTLED` | the backend asks to slow down | yes |
 * | `UNAVAILABLE` | the backend or the network did not answer, or answered 5xx | yes |
 * | `CORRUPT` | the backend itself reports that what it holds or sent is damaged | no |
 * | `CLOSED` | the target was closed | no |
 * | `UNKNOWN` | anything else; the cause says what | no |
 */
export type TargetErrorCode =
  | 'NOT_FOUND'
  | 'CONTAINER_NOT_FOUND'
  | 'PRECONDITION_FAILED'
  | 'SIZE_MISMATCH'
  | 'INVALID_KEY'
  | 'INVALID_RANGE'
  | 'INVALID_OPTIONS'
  | 'UNSUPPORTED'
  | 'TOO_LARGE'
  | 'ACCESS_DENIED'
  | 'UNAUTHENTICATED'
  | 'NO_SPACE'
  | 'READ_ONLY'
  | 'THROTTLED'
  | 'UNAVAILABLE'
  | 'CORRUPT'
  | 'CLOSED'
  | 'UNKNOWN';

export interface TargetErrorOptions {
  /** What the user can try, as an imperative without a full stop. */
  readonly hint?: string;
  /** Whether the same call may succeed later. Default: true for `THROTTLED` and `UNAVAILABLE` only. */
  readonly retryable?: boolean;
  /** The backend's own error. Never dropped. */
  readonly cause?: unknown;
}

// Two copies of this package may be loaded at once (a third party's target brings its own): instanceof would not do.
const BRAND = Symbol.for('quackup.TargetError');

/** The only error that a target throws, apart from the abort reason and the body's own error, which pass unwrapped. */
export class TargetError extends Error {
  override readonly name = 'TargetError';
  readonly code: TargetErrorCode;
  readonly hint: string | undefined;
  readonly retryable: boolean;

  /** @param message What failed, with the key or place; never a secret. */
  constructor(code: TargetErrorCode, message: string, options: TargetErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    Object.defineProperty(this, BRAND, { value: true });
    this.code = code;
    this.hint = options.hint;
    this.retryable = options.retryable ?? (code === 'THROTTLED' || code === 'UNAVAILABLE');
  }
}

/** Whether `error` is a {@link TargetError}, from whichever copy of this package. */
export function isTargetError(error: unknown): error is TargetError {
  return typeof error === 'object' && error !== null && (error as Record<symbol, unknown>)[BRAND] === true;
}
