/**
 * The head of a database file, 12 KiB:
 *
 *        0  4096  main header        see main-header.ts
 *     4096  4096  database header 1  see database-header.ts
 *     8192  4096  database header 2
 *
 * Block 0 follows. In an encrypted file both database headers are ciphertext.
 */
import { DEFAULT_BLOCK_SIZE, HEAD_SIZE, HEADER_SIZE, KNOWN_STORAGE_VERSIONS } from './constants.ts';
import { type DatabaseHeader, parseDatabaseHeader } from './database-header.ts';
import { DuckdbFileError } from './duckdb-file-error.ts';
import { hasMagic, type MainHeader, parseMainHeader } from './main-header.ts';

/**
 * How the blocks of a file lie.
 *
 * - `clear`: both database headers were read and their checksums match.
 * - `opaque`: nothing behind the main header can be read. The grid of the default block size is assumed, every block must
 *   be taken as used, and no block can be checked. Correct for copying bytes, whatever the file's real block size.
 */
export type Layout =
  | {
      readonly kind: 'clear';
      readonly headers: readonly [DatabaseHeader, DatabaseHeader];
      /** The header that DuckDB would use: the higher iteration, slot 2 if they are equal. */
      readonly active: DatabaseHeader;
      /** Of the active header, in bytes. */
      readonly blockSize: number;
    }
  | {
      readonly kind: 'opaque';
      readonly reason: 'encrypted' | 'newer-storage-version';
      readonly blockSize: 262144;
    };

/** A head that was read whole. */
export interface DatabaseHead {
  /** A copy of the 12,288 bytes. Compare heads by these: the headers leave parts out. */
  readonly bytes: Uint8Array;
  readonly main: MainHeader;
  readonly layout: Layout;
}

function parseLayout(bytes: Uint8Array, main: MainHeader): Layout {
  if (main.storageVersion > KNOWN_STORAGE_VERSIONS.max) {
    return { kind: 'opaque', reason: 'newer-storage-version', blockSize: DEFAULT_BLOCK_SIZE };
  }
  if (main.encrypted) return { kind: 'opaque', reason: 'encrypted', blockSize: DEFAULT_BLOCK_SIZE };
  const header = (slot: 1 | 2): DatabaseHeader =>
    parseDatabaseHeader(
      bytes.subarray(slot * HEADER_SIZE, (slot + 1) * HEADER_SIZE),
      slot,
      main.storageVersion,
    );
  const [first, second] = [header(1), header(2)];
  // DuckDB, `LoadExistingDatabase`. It reads both and refuses the file if either is torn; so does this.
  const active = first.iteration > second.iteration ? first : second;
  return { kind: 'clear', headers: [first, second], active, blockSize: active.blockSize };
}

/**
 * Reads the head of a database file.
 *
 * @param bytes the first {@link HEAD_SIZE} bytes of the file; fewer if it is shorter, and more are not looked at. They
 *   are copied.
 * @returns the head. Every byte of it is covered by a checksum that matched, except the database headers of an opaque layout.
 * @throws NOT_DUCKDB if the bytes are no DuckDB database.
 * @throws TORN if a header does not match its checksum or the file ends within the head; the message says which.
 * @throws UNSUPPORTED if the storage version is older than 64.
 * @throws DAMAGED if a header says what cannot be although its checksum matches.
 */
export function parseHead(bytes: Uint8Array): DatabaseHead {
  const head = new Uint8Array(bytes.subarray(0, HEAD_SIZE));
  if (hasMagic(head) && head.length < HEAD_SIZE) {
    throw new DuckdbFileError(
      'TORN',
      `the file ends within its head, at byte ${head.length} of ${HEAD_SIZE}`,
    );
  }
  const main = parseMainHeader(head.subarray(0, HEADER_SIZE));
  return { bytes: head, main, layout: parseLayout(head, main) };
}
