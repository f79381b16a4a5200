/** Compares a restored file with its source in pieces of 16 KiB, the smallest block that DuckDB has. */
import { open } from 'node:fs/promises';

const HEAD_BYTES = 12 * 1024;
const PIECE_BYTES = 16 * 1024;
const READ_BYTES = 256 * PIECE_BYTES;

export interface Difference {
  /** Bytes of pieces that are all zeros in the copy and are not in the source. */
  readonly zeroedBytes: number;
  /** Offset of the first piece that differs in any other way, or where one file ends before the other. */
  readonly wrongAt: number | undefined;
}

export async function compareFiles(source: string, copy: string): Promise<Difference> {
  await using left = await open(source);
  await using right = await open(copy);
  const [{ size }, { size: copySize }] = await Promise.all([left.stat(), right.stat()]);
  if (size !== copySize) return { zeroedBytes: 0, wrongAt: Math.min(size, copySize) };
  const buffers = [Buffer.alloc(READ_BYTES), Buffer.alloc(READ_BYTES)] as const;
  let zeroedBytes = 0;
  let offset = 0;
  while (offset < size) {
    const wanted = Math.min(offset === 0 ? HEAD_BYTES : READ_BYTES, size - offset);
    const [a, b] = buffers.map((buffer) => buffer.subarray(0, wanted));
    if (a === undefined || b === undefined) break;
    await Promise.all([readFully(left, a, offset), readFully(right, b, offset)]);
    for (let start = 0; start < wanted; start += PIECE_BYTES) {
      const [pieceA, pieceB] = [
        a.subarray(start, start + PIECE_BYTES),
        b.subarray(start, start + PIECE_BYTES),
      ];
      if (pieceA.equals(pieceB)) continue;
      if (!pieceB.every((byte) => byte === 0)) return { zeroedBytes, wrongAt: offset + start };
      zeroedBytes += pieceB.length;
    }
    offset += wanted;
  }
  return { zeroedBytes, wrongAt: undefined };
}

async function readFully(
  file: Awaited<ReturnType<typeof open>>,
  into: Buffer,
  position: number,
): Promise<void> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await file.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) throw new Error(`a file became shorter while it was compared`);
    done += bytesRead;
  }
}
