import { hash, webcrypto } from 'node:crypto';
import { availableParallelism } from 'node:os';

/**
 * From so many cores on, hashing goes to the thread pool. It costs more there (WebCrypto copies its input: 0.34 ms a chunk
 * instead of 0.20), which pays when the main thread would otherwise be what the other cores wait for.
 */
const POOL_CORES = 6;

/** SHA-256 of a chunk. The bytes must not change until it resolves. */
export const sha256: (bytes: Uint8Array) => Promise<Uint8Array> =
  availableParallelism() >= POOL_CORES
    ? async (bytes) => new Uint8Array(await webcrypto.subtle.digest('SHA-256', bytes))
    : async (bytes) => hash('sha256', bytes, 'buffer');
