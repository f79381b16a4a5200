/**
 * The unsigned little-endian 64-bit number at `offset`.
 *
 * @throws RangeError if the 8 bytes are not all there.
 */
export function readUint64(bytes: Uint8Array, offset: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(offset, true);
}
