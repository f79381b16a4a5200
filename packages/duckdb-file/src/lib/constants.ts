/** Bytes of each of the three slots at the start of a database file: main header, database header 1 and 2. */
export const HEADER_SIZE = 4096;

/** Bytes before block 0: the three header slots. */
export const HEAD_SIZE = 12_288;

/** Bytes of a block unless ATTACH's BLOCK_SIZE said otherwise (DuckDB: `DEFAULT_BLOCK_ALLOC_SIZE`). */
export const DEFAULT_BLOCK_SIZE = 262_144;

/** Bytes of the smallest block that DuckDB allows (`MIN_BLOCK_ALLOC_SIZE`); the default is also the largest. */
export const MIN_BLOCK_SIZE = 16_384;

/** Bytes of the checksum that every header slot and every block begins with. */
export const CHECKSUM_SIZE = 8;

/** Storage versions whose layout is known: 64 is the default of DuckDB 1.0 to 1.5, 68 the latest of 1.5. */
export const KNOWN_STORAGE_VERSIONS: { readonly min: 64; readonly max: 68 } = { min: 64, max: 68 };
