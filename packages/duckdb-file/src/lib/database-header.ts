/**
 * A database header: slot 1 at byte 4096 of the file, slot 2 at byte 8192. A checkpoint writes the slot that is not
 * active. Offsets in bytes from the start of the slot, numbers of 64 bits, little-endian (DuckDB: `DatabaseHeader::Write`).
 *
 *       0  checksum of bytes 8 to 4095
 *       8  iteration                    one more with every checkpoint
 *      16  metadata pointer: catalog    low 56 bits block, high 8 bits sub-block; all ones: none
 *      24  metadata pointer: free list
 *      32  block count
 *      40  block size in bytes          0 in files of old versions: the default
 *      48  vector size                  0 likewise: 2048
 *      56  serialization version        not written in storage version 64
 *      64  whatever the buffer held, up to 4096
 */
import { isBlockValid } from './checksum.ts';
import { DEFAULT_BLOCK_SIZE, MIN_BLOCK_SIZE } from './constants.ts';
import { DuckdbFileError } from './duckdb-file-error.ts';
import { readUint64 } from './read-uint64.ts';

/** One of the two database headers. */
export interface DatabaseHeader {
  readonly slot: 1 | 2;
  /** Number of the checkpoint that wrote it. */
  readonly iteration: bigint;
  /** Metadata pointer to the catalog, as it is in the file; a WAL's checkpoint marker names the same one. */
  readonly metaBlock: bigint;
  /** Metadata pointer to the free list, as it is in the file. */
  readonly freeList: bigint;
  /** Blocks of the grid, free ones included. The file may end before, where only free blocks would follow. */
  readonly blockCount: number;
  /** In bytes. */
  readonly blockSize: number;
  /** Rows that DuckDB handles at once; a build with another vector size cannot read the file. */
  readonly vectorSize: number;
  /** 1 for storage version 64. */
  readonly serializationVersion: number;
}

/** 2^40 blocks of 16 KiB are 16 PiB: more is no database, and offsets must stay exact numbers. */
const MAX_BLOCK_COUNT = 2n ** 40n;
const MAX_SMALL = 0xffff_ffffn;
const DEFAULT_VECTOR_SIZE = 2048;
const FIRST_VERSION_WITH_SERIALIZATION = 65;

const isPowerOfTwo = (value: number): boolean => Number.isInteger(Math.log2(value));

/** Reads a database header from the 4096 bytes of its slot. Throws as `parseHead` does. */
export function parseDatabaseHeader(bytes: Uint8Array, slot: 1 | 2, storageVersion: number): DatabaseHeader {
  if (!isBlockValid(bytes)) {
    throw new DuckdbFileError('TORN', `database header ${slot} does not match its checksum`);
  }
  const field = (index: number): bigint => readUint64(bytes, 8 + 8 * index);
  const damaged = (what: string): never => {
    throw new DuckdbFileError('DAMAGED', `database header ${slot}: ${what} cannot be`);
  };
  const small = (index: number, name: string): number =>
    field(index) > MAX_SMALL ? damaged(`${name} ${field(index)}`) : Number(field(index));

  const blockCount = field(3) > MAX_BLOCK_COUNT ? damaged(`block count ${field(3)}`) : Number(field(3));
  const blockSize = small(4, 'block size') || DEFAULT_BLOCK_SIZE;
  if (blockSize < MIN_BLOCK_SIZE || blockSize > DEFAULT_BLOCK_SIZE || !isPowerOfTwo(blockSize)) {
    damaged(`block size ${blockSize}`);
  }
  return {
    slot,
    iteration: field(0),
    metaBlock: field(1),
    freeList: field(2),
    blockCount,
    blockSize,
    vectorSize: small(5, 'vector size') || DEFAULT_VECTOR_SIZE,
    serializationVersion:
      storageVersion < FIRST_VERSION_WITH_SERIALIZATION ? 1 : small(6, 'serialization version'),
  };
}
