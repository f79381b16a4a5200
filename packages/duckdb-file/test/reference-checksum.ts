const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);

/** DuckDB's checksum written down as slowly and plainly as it can be: what the fast one is measured against. */
export function referenceChecksum(bytes: Uint8Array): bigint {
  let sum = 5381n;
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    let word = 0n;
    for (let index = 7; index >= 0; index -= 1) word = (word << 8n) | BigInt(bytes[at + index] ?? 0);
    sum ^= wrap(word * 0xbf58476d1ce4e5b9n);
  }
  const left = bytes.length - at;
  if (left === 0) return sum;
  let tail = 0n;
  for (let index = left - 1; index >= 0; index -= 1) tail = (tail << 8n) | BigInt(bytes[at + index] ?? 0);
  let hash = wrap(0xe17a1465n ^ (BigInt(left) * 0xc6a4a7935bd1e995n)) ^ tail;
  hash = wrap(hash * 0xc6a4a7935bd1e995n);
  hash ^= hash >> 47n;
  hash = wrap(hash * 0xc6a4a7935bd1e995n);
  hash ^= hash >> 47n;
  return sum ^ hash;
}

/** Writes the checksum of everything after the first 8 bytes into them. */
export function seal(block: Uint8Array): Uint8Array {
  new DataView(block.buffer, block.byteOffset).setBigUint64(0, referenceChecksum(block.subarray(8)), true);
  return block;
}
