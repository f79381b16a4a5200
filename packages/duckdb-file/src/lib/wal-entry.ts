/**
 * The payload of a WAL entry, in the serialization of wal-fields.ts. Only what a backup must know is read:
 *
 *     field 100: type          29 ROW_GROUP_DATA, 99 CHECKPOINT, 100 WAL_FLUSH (commit), others: changes
 *     then for CHECKPOINT:     field 101: object { field 100: metadata pointer, field 101: offset, 0xffff }
 *     … 0xffff
 */
import { BadFields, EndOfBytes, FieldReader, OBJECT_END } from './wal-fields.ts';

export type WalEntry =
  | { readonly kind: 'flush' | 'row-group-data' | 'other' }
  | { readonly kind: 'checkpoint'; readonly metaBlock: bigint };

/** Bytes of a payload's beginning that are enough for {@link parseWalEntry}. */
export const ENTRY_PREFIX_BYTES = 64;

const ROW_GROUP_DATA = 29n;
const CHECKPOINT = 99n;
const FLUSH = 100n;

function readEntry(prefix: Uint8Array): WalEntry {
  const reader = new FieldReader(prefix);
  reader.expect(100);
  const type = reader.varint();
  if (type === FLUSH) return { kind: 'flush' };
  if (type === ROW_GROUP_DATA) return { kind: 'row-group-data' };
  if (type !== CHECKPOINT) return { kind: 'other' };
  reader.expect(101);
  reader.expect(100);
  const metaBlock = reader.varint();
  reader.expect(101);
  reader.varint();
  reader.expect(OBJECT_END);
  return { kind: 'checkpoint', metaBlock };
}

/**
 * Reads what an entry is from the first {@link ENTRY_PREFIX_BYTES} of its payload, or from all of a shorter one.
 *
 * @returns `undefined` if this is no entry.
 */
export function parseWalEntry(prefix: Uint8Array): WalEntry | undefined {
  try {
    return readEntry(prefix);
  } catch (error) {
    if (error instanceof EndOfBytes || error instanceof BadFields) return undefined;
    throw error;
  }
}
