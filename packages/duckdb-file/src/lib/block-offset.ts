import { HEAD_SIZE } from './constants.ts';

/**
 * Where a block begins: block `id` occupies `blockSize` bytes from here.
 *
 * @param blockSize in bytes, as the database's layout gives it.
 * @returns offset in bytes from the start of the file. Exact for every block count that `parseHead` accepts.
 */
export function blockOffset(id: number, blockSize: number): number {
  return HEAD_SIZE + id * blockSize;
}
