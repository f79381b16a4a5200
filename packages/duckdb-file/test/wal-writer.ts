import { referenceChecksum } from './reference-checksum.ts';

/** A whole number as DuckDB's serialization writes it. */
export function varint(value: bigint): number[] {
  return value < 0x80n ? [Number(value)] : [Number(value & 0x7fn) | 0x80, ...varint(value >> 7n)];
}

export interface HeadFields {
  readonly version: bigint;
  readonly id?: Uint8Array;
  readonly iteration?: bigint;
}

export function walHead({ version, id, iteration }: HeadFields): Uint8Array {
  const idBytes = id === undefined ? [] : [102, 0, 16, ...[...id].flatMap((byte) => varint(BigInt(byte)))];
  const iterationBytes = iteration === undefined ? [] : [103, 0, ...varint(iteration)];
  return Uint8Array.from([100, 0, 98, 101, 0, ...varint(version), ...idBytes, ...iterationBytes, 0xff, 0xff]);
}

/** An entry with its size and checksum before it. */
export function entry(payload: Uint8Array, checksum: bigint = referenceChecksum(payload)): Uint8Array {
  const frame = Buffer.alloc(16);
  frame.writeBigUInt64LE(BigInt(payload.length));
  frame.writeBigUInt64LE(checksum, 8);
  return Buffer.concat([frame, payload]);
}

export const payloadOf = (type: number, ...rest: number[]): Uint8Array =>
  Uint8Array.of(100, 0, type, ...rest, 0xff, 0xff);

export const FLUSH: Uint8Array = entry(payloadOf(100));
export const INSERT: Uint8Array = entry(payloadOf(26, 101, 0, 7, 7, 7));
export const ROW_GROUP_DATA: Uint8Array = entry(payloadOf(29, 101, 0, 1));

export function checkpointMarker(metaBlock: bigint): Uint8Array {
  return entry(payloadOf(99, 101, 0, 100, 0, ...varint(metaBlock), 101, 0, 0, 0xff, 0xff));
}
