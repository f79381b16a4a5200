/**
 * Opening ranges that have been read already, for a thread that does nothing else. Apart from the rest, which takes three times
 * as long to load: keys and headers are not needed here.
 *
 * @module
 */
export { AgeError, type AgeErrorCode } from './lib/errors.ts';
export { openSealed, type SealedRange } from './lib/sealed-range.ts';
