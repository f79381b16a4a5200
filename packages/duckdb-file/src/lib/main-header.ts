/**
 * The main header: the first slot of the file, the same in every known storage version, never encrypted.
 * Offsets in bytes from the start of the slot, numbers little-endian (DuckDB: `MainHeader::Write`).
 *
 *       0   8  checksum of bytes 8 to 4095
 *       8   4  "DUCK"
 *      12   8  storage version
 *      20  32  four flags of 64 bits; bit 0 of the first: encrypted
 *      52  32  version of the library that created the file, padded with zeros
 *      84  32  its source id, padded with zeros
 *     116   8  parameters of the encryption
 *     124  16  identifier of the database; zeros below storage version 67
 *     140      encryption canary, then unused up to 4096
 */
import { isBlockValid } from './checksum.ts';
import { KNOWN_STORAGE_VERSIONS } from './constants.ts';
import { DuckdbFileError } from './duckdb-file-error.ts';
import { readUint64 } from './read-uint64.ts';

/** What the main header says. */
export interface MainHeader {
  /** 64 to 68 are known; above that the rest of the file may be laid out in another way. */
  readonly storageVersion: number;
  readonly encrypted: boolean;
  /** Of the DuckDB that created the file, as `v1.5.6`; later versions that wrote to it do not change it. */
  readonly libraryVersion: string;
  /** The source id of that DuckDB: the start of a commit's hash. */
  readonly sourceId: string;
  /** The 16 bytes of the database's identifier in hexadecimal; all zeros below storage version 67. */
  readonly databaseId: string;
  /** The four flags as they are. */
  readonly flags: readonly bigint[];
}

const MAGIC = Buffer.from('DUCK', 'latin1');
const MAGIC_OFFSET = 8;
const MAX_SENSIBLE_VERSION = 0xffff_ffffn;

/** Whether `bytes` begin as every DuckDB database does. Nothing else is checked. */
export function hasMagic(bytes: Uint8Array): boolean {
  return MAGIC.equals(bytes.subarray(MAGIC_OFFSET, MAGIC_OFFSET + MAGIC.length));
}

function paddedText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(bytes.subarray(0, end === -1 ? bytes.length : end)).toString('latin1');
}

/** Reads the main header from the 4096 bytes of its slot. Throws as `parseHead` does. */
export function parseMainHeader(slot: Uint8Array): MainHeader {
  if (!hasMagic(slot)) throw new DuckdbFileError('NOT_DUCKDB', 'there is no "DUCK" at byte 8');
  if (!isBlockValid(slot)) throw new DuckdbFileError('TORN', 'the main header does not match its checksum');
  const version = readUint64(slot, 12);
  if (version < BigInt(KNOWN_STORAGE_VERSIONS.min)) {
    throw new DuckdbFileError('UNSUPPORTED', `storage version ${version} is older than DuckDB 1.0's`);
  }
  if (version > MAX_SENSIBLE_VERSION) {
    throw new DuckdbFileError('DAMAGED', `storage version ${version} cannot be`);
  }
  const flags = [20, 28, 36, 44].map((offset) => readUint64(slot, offset));
  return {
    storageVersion: Number(version),
    encrypted: ((flags[0] ?? 0n) & 1n) === 1n,
    libraryVersion: paddedText(slot.subarray(52, 84)),
    sourceId: paddedText(slot.subarray(84, 116)),
    databaseId: Buffer.from(slot.subarray(124, 140)).toString('hex'),
    flags,
  };
}
