/**
 * - `NOT_DUCKDB`: the bytes are no DuckDB database.
 * - `TORN`: a checksum does not match, or a chain is impossible. Either the bytes were read in the middle of a write
 *   (read again), or the file is damaged for good (reading again says the same).
 * - `DAMAGED`: impossible values under a matching checksum; reading again will not help.
 * - `UNSUPPORTED`: a storage version older than those of DuckDB 1.0.
 */
export type DuckdbFileErrorCode = 'NOT_DUCKDB' | 'TORN' | 'DAMAGED' | 'UNSUPPORTED';

/** Why bytes are not what a DuckDB database file holds. The message says where. */
export class DuckdbFileError extends Error {
  override readonly name = 'DuckdbFileError';
  readonly code: DuckdbFileErrorCode;

  constructor(code: DuckdbFileErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
