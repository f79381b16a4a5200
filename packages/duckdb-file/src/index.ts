export { blockOffset } from './lib/block-offset.ts';
export { type BlockUse, readBlockUse } from './lib/block-use.ts';
export { duckdbChecksum, isBlockValid, storedBlockChecksum } from './lib/checksum.ts';
export {
  CHECKSUM_SIZE,
  DEFAULT_BLOCK_SIZE,
  HEAD_SIZE,
  HEADER_SIZE,
  KNOWN_STORAGE_VERSIONS,
} from './lib/constants.ts';
export type { DatabaseHeader } from './lib/database-header.ts';
export { DuckdbFileError, type DuckdbFileErrorCode } from './lib/duckdb-file-error.ts';
export { type DatabaseHead, type Layout, parseHead } from './lib/head.ts';
export type { MainHeader } from './lib/main-header.ts';
export { SUB_BLOCKS, subBlockSize } from './lib/metadata-stream.ts';
export { scanWal, WalScanner } from './lib/wal-scanner.ts';
export type { WalSummary } from './lib/wal-summary.ts';
