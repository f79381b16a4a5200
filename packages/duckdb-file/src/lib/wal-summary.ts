/** What is known of a WAL, or of its beginning. All offsets in bytes from its start. */
export interface WalSummary {
  /**
   * - `empty`: no bytes.
   * - `clean`: it ends after a whole entry, or after its head.
   * - `torn-tail`: it ends within its head or an entry. DuckDB drops such a tail.
   * - `bad-checksum`: an entry does not match its checksum, or is none under a matching one. Nothing after it was looked at.
   * - `bad-header`: it does not begin as a WAL does.
   * - `unsupported`: version 3 (encrypted), version 1 (before DuckDB 0.10; entries without checksums) or an unknown one.
   *   Only the head was read.
   */
  readonly state: 'empty' | 'clean' | 'torn-tail' | 'bad-checksum' | 'bad-header' | 'unsupported';
  /** DuckDB 1.1 to 1.5 write 2. */
  readonly version: number | undefined;
  /** Identifier of the database in hexadecimal; only with storage version 67 and above. */
  readonly databaseId: string | undefined;
  /** Iteration of the database header that it goes on from; only with storage version 67 and above. */
  readonly iteration: bigint | undefined;
  /** Length of the head; 0 if it is not whole. */
  readonly headerEnd: number;
  /** Just after the last WAL_FLUSH: cut here, it holds whole transactions. 0 if there is none. */
  readonly commitEnd: number;
  /** Transactions: WAL_FLUSH entries, without those that close a checkpoint marker. */
  readonly commits: number;
  /** Just after the last whole valid entry; `headerEnd` if there is none. */
  readonly end: number;
  /** Bytes seen. */
  readonly length: number;
  /** The last CHECKPOINT marker: a checkpoint is running, or was when the process died. */
  readonly checkpoint:
    | {
        /** Where the marker's entry begins. */
        readonly offset: number;
        /** The catalog's metadata pointer of the header that the checkpoint writes: compare with `DatabaseHeader.metaBlock`. */
        readonly metaBlock: bigint;
        /** `commitEnd` as it was before the marker. */
        readonly commitEndBefore: number;
      }
    | undefined;
  /** ROW_GROUP_DATA entries up to `end`: they refer to blocks of the database that its header may call free. */
  readonly rowGroupDataEntries: number;
}
