/**
 * The head of a WAL: one entry without size and checksum (DuckDB: `WriteAheadLog::WriteHeader`), in the serialization of
 * wal-fields.ts:
 *
 *     field 100: 98 (WAL_VERSION)     a byte
 *     field 101: version              2: entries with size and checksum; 3: encrypted
 *     field 102: identifier           16, then 16 numbers, one for each byte; storage version 67 and above
 *     field 103: iteration            likewise
 *     0xffff
 *
 * A WAL of version 1 has no such head: its entries begin at once, without size and checksum.
 */
import { BadFields, EndOfBytes, FieldReader, OBJECT_END } from './wal-fields.ts';

export interface WalHead {
  readonly version: number;
  readonly databaseId: string | undefined;
  readonly iteration: bigint | undefined;
  /** Length of the head in bytes. */
  readonly end: number;
}

/** No head is longer than this: the fields above with every number at its longest. */
export const MAX_WAL_HEAD_BYTES = 128;

export const WAL_VERSION_WITH_CHECKSUMS = 2;

const WAL_VERSION_ENTRY = 98n;
const ID_BYTES = 16;
/** Entry types that a WAL of version 1 may begin with: 1 to 29 (catalog and data), 99 and 100. */
const isEntryType = (type: bigint): boolean => (type >= 1n && type <= 29n) || type === 99n || type === 100n;

function readId(reader: FieldReader): string {
  if (reader.varint() !== BigInt(ID_BYTES)) throw new BadFields('the identifier has not 16 bytes');
  const id = Array.from({ length: ID_BYTES }, () => Number(reader.varint()));
  if (id.some((byte) => byte > 0xff)) throw new BadFields('the identifier has a byte above 255');
  return Buffer.from(id).toString('hex');
}

function readHead(bytes: Uint8Array): WalHead {
  const reader = new FieldReader(bytes);
  reader.expect(100);
  const type = reader.varint();
  if (type !== WAL_VERSION_ENTRY) {
    if (!isEntryType(type)) throw new BadFields(`there is no entry of type ${type}`);
    return { version: 1, databaseId: undefined, iteration: undefined, end: 0 };
  }
  reader.expect(101);
  const version = Number(reader.varint());
  let databaseId: string | undefined;
  let iteration: bigint | undefined;
  for (let last = 101, field = reader.field(); field !== OBJECT_END; last = field, field = reader.field()) {
    if (field <= last) throw new BadFields(`field ${field} comes after field ${last}`);
    if (field === 102) databaseId = readId(reader);
    else if (field === 103) iteration = reader.varint();
    else throw new BadFields(`there is no field ${field}`);
  }
  return { version, databaseId, iteration, end: reader.offset };
}

/**
 * Reads the head from the first bytes of a WAL.
 *
 * @returns the head, `incomplete` if more bytes are needed, or `bad` if no bytes that may follow make it a head.
 */
export function parseWalHead(bytes: Uint8Array): WalHead | 'incomplete' | 'bad' {
  try {
    return readHead(bytes);
  } catch (error) {
    if (error instanceof EndOfBytes) return bytes.length < MAX_WAL_HEAD_BYTES ? 'incomplete' : 'bad';
    if (error instanceof BadFields) return 'bad';
    throw error;
  }
}
