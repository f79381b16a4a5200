import { freeMemory } from './free-memory.ts';

/** Bytes of a page: large enough that a target's work per piece does not matter. */
const PAGE_BYTES = 1024 * 1024;

/** A piece to pack; `owned` if nobody else uses its memory, which is then freed. */
export interface PackedPiece {
  readonly bytes: Uint8Array;
  readonly owned: boolean;
}

/** Joins small pieces to pages, in order. Every page is a buffer of its own that its reader may keep. */
export async function* packPages(
  pieces: AsyncIterable<PackedPiece>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let page = Buffer.allocUnsafeSlow(PAGE_BYTES);
  let used = 0;
  for await (const { bytes, owned } of pieces) {
    for (let at = 0; at < bytes.length;) {
      const length = Math.min(bytes.length - at, PAGE_BYTES - used);
      page.set(bytes.subarray(at, at + length), used);
      at += length;
      used += length;
      if (used === PAGE_BYTES) {
        yield page;
        page = Buffer.allocUnsafeSlow(PAGE_BYTES);
        used = 0;
      }
    }
    if (owned) freeMemory(bytes);
  }
  if (used > 0) yield page.subarray(0, used);
}
