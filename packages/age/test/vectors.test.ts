/** The published vectors of the format (C2SP/CCTV), by the stream and by ranges. */
import { inflateSync } from 'node:zlib';

import { armor } from 'age-encryption';
import * as vectors from 'cctv-age';
import { describe, expect, test } from 'vitest';

import {
  AgeError,
  type AgeErrorCode,
  decryptStream,
  type Identity,
  openEncrypted,
  parseIdentity,
  passphraseIdentity,
} from '../src/index.ts';
import { parseHeader } from '../src/lib/header.ts';
import { NONCE_BYTES, PIECE_BYTES, STORED_PIECE_BYTES } from '../src/lib/layout.ts';
import { payloadKey, PieceCipher } from '../src/lib/piece-cipher.ts';
import { collect, collectUntilError, inParts, MemorySource, sha256 } from './fixtures.ts';

interface Vector {
  readonly name: string;
  readonly expect: string;
  readonly payload: string | undefined;
  readonly armored: boolean;
  readonly identities: readonly Identity[];
  readonly fileKey: Buffer;
  readonly file: Buffer;
}

const KNOWN_KEYS = new Set([
  'expect',
  'payload',
  'file key',
  'identity',
  'passphrase',
  'armored',
  'compressed',
  'comment',
]);

function parseVector(name: string, content: Uint8Array): Vector {
  const bytes = Buffer.from(content);
  const border = bytes.indexOf('\n\n');
  const fields = bytes
    .toString('utf8', 0, border)
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)] as const);
  for (const [key] of fields) if (!KNOWN_KEYS.has(key)) throw new Error(`${name}: unknown field ${key}`);
  const all = (wanted: string) => fields.filter(([key]) => key === wanted).map(([, value]) => value);
  const body = bytes.subarray(border + 2);
  return {
    name,
    expect: all('expect')[0] ?? '',
    payload: all('payload')[0],
    armored: all('armored')[0] === 'yes',
    identities: [...all('identity').map(parseIdentity), ...all('passphrase').map(passphraseIdentity)],
    fileKey: Buffer.from(all('file key')[0] ?? '', 'hex'),
    file: all('compressed')[0] === 'zlib' ? inflateSync(body) : body,
  };
}

const all = Object.entries(vectors as unknown as Record<string, Uint8Array>)
  .filter(([, content]) => content instanceof Uint8Array)
  .map(([name, content]) => parseVector(name, content));

/** Codes for each of the outcomes that the vectors know. */
const CODES: Readonly<Record<string, readonly AgeErrorCode[]>> = {
  'no match': ['WRONG_KEY'],
  'HMAC failure': ['HEADER_DAMAGED'],
  'header failure': ['NOT_AGE', 'HEADER_INVALID'],
  'payload failure': ['TRUNCATED', 'TRAILING_DATA', 'PIECE_DAMAGED'],
};
/** Files that end behind a whole header: for us they are cut off, not malformed. */
const NO_NONCE = new Set(['stream_no_nonce', 'stream_short_nonce']);

function expectCode(vector: Vector, error: unknown): void {
  if (!(error instanceof AgeError)) throw new Error(`${vector.name}: no AgeError`, { cause: error });
  const codes = NO_NONCE.has(vector.name) ? ['TRUNCATED'] : CODES[vector.expect];
  expect(codes).toContain(error.code);
}

/** The file itself; of armored ones what the package's own reader makes of them, or its error. */
function dearmored(vector: Vector): Buffer | undefined {
  if (!vector.armored) return vector.file;
  try {
    return Buffer.from(armor.decode(vector.file.toString('latin1')));
  } catch {
    return undefined;
  }
}

/** Vectors with a piece that is authentic but for the mark of the last one, which is missing or too early. */
const HELD_BACK = new Set([
  'armor_garbage_encoded',
  'stream_no_final_full',
  'stream_no_final_two_chunks_full',
  'stream_trailing_garbage_long',
  'stream_trailing_garbage_short',
  'stream_two_final_chunks',
  'stream_two_final_chunks_full',
  'stream_two_final_chunks_second',
]);

/** The piece at `given` of the content, opened with whatever mark it has. */
function heldBack(vector: Vector, given: number): Buffer {
  const file = dearmored(vector) ?? Buffer.alloc(0);
  const header = parseHeader(file);
  if (header === undefined) throw new Error(`${vector.name}: no header`);
  const payload = file.subarray(header.size + NONCE_BYTES);
  const piece = given / PIECE_BYTES;
  const stored = payload.subarray(piece * STORED_PIECE_BYTES, (piece + 1) * STORED_PIECE_BYTES);
  const cipher = new PieceCipher(
    payloadKey(vector.fileKey, file.subarray(header.size, header.size + NONCE_BYTES)),
  );
  const opened = cipher.open(piece, false, stored) ?? cipher.open(piece, true, stored);
  if (opened === undefined) throw new Error(`${vector.name}: piece ${piece} opens with neither mark`);
  return opened;
}

const EMPTY_SHA256 = sha256(new Uint8Array(0));

describe('published vectors', () => {
  test('are all there', () => {
    expect(all.length).toBeGreaterThanOrEqual(130);
    expect(new Set(all.map((vector) => vector.expect))).toEqual(
      new Set([...Object.keys(CODES), 'success', 'armor failure']),
    );
  });

  for (const vector of all) {
    test(`${vector.name} gives ${vector.expect} as a stream`, async () => {
      const file = dearmored(vector);
      expect(file === undefined).toBe(vector.expect === 'armor failure');
      if (file === undefined) return;
      const { bytes, error } = await collectUntilError(decryptStream(vector.identities)(inParts(file)));
      if (vector.expect === 'success') expect(error).toBeUndefined();
      else expectCode(vector, error);
      // What is given out before an error is what was written. A piece whose only fault is the mark of the last one is in the
      // vectors' digest and is not given out here.
      const given = HELD_BACK.has(vector.name)
        ? Buffer.concat([bytes, heldBack(vector, bytes.length)])
        : bytes;
      expect(sha256(given)).toBe(vector.payload ?? EMPTY_SHA256);
    });

    test(`${vector.name} gives ${vector.expect} by ranges`, async () => {
      const file = dearmored(vector);
      if (file === undefined) return;
      const opening = openEncrypted(new MemorySource(file), vector.identities);
      if (vector.expect === 'success') {
        const opened = await opening;
        const content = await collect(opened.stream());
        expect(content.length).toBe(opened.size);
        expect(sha256(content)).toBe(vector.payload);
        return;
      }
      // By ranges an error at the end comes before the first byte; one in the middle when it is read.
      const { error } = await collectUntilError(
        (async function* () {
          yield* (await opening).stream();
        })(),
      );
      expectCode(vector, error);
    });

    if (vector.armored) {
      test(`${vector.name} is refused while it is armored`, async () => {
        const reading = collect(decryptStream(vector.identities)(inParts(vector.file)));
        await expect(reading).rejects.toMatchObject({
          code: expect.stringMatching(/^(NOT_AGE|HEADER_INVALID)$/),
        });
      });
    }
  }
});
