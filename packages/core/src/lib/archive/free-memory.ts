/** Buffers smaller than this may be slices of Node's shared pool, which must never be freed. */
const LEAST_BYTES = 128 * 1024;

/**
 * Gives the memory of a large buffer back at once, instead of when the garbage collector comes by: it sees only the small
 * object in front of it, and lets hundreds of megabytes pile up in a run of a second. The buffer is empty afterwards, and
 * so is every view of the same memory: only for the sole owner.
 */
export function freeMemory(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= LEAST_BYTES && !buffer.detached)
    buffer.transfer(0);
}
