/** Changes of encrypted files: none is accepted, and nothing is given out that was not written in its place. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  AgeError,
  decryptStream,
  generateIdentity,
  openEncrypted,
  passphraseIdentity,
  passphraseRecipient,
  readHeader,
  recipientOf,
} from '../src/index.ts';
import {
  collectUntilError,
  encrypted,
  inParts,
  MemorySource,
  randomBuffer,
  sizeNearBorder,
} from './fixtures.ts';

/** Changes in each property; the whole set by `QUACKUP_AGE_RUNS=1000`. */
const numRuns = Number(process.env.QUACKUP_AGE_RUNS ?? 60);

const identity = await generateIdentity();
const recipients = [await recipientOf(identity)];
const PIECE = 65_552;

/** The changed file must fail, and what comes before the error must be the beginning of what was written. */
async function expectRefused(changed: Buffer, plain: Buffer): Promise<void> {
  const streamed = await collectUntilError(decryptStream([identity])(inParts(changed)));
  expect(streamed.error).toBeInstanceOf(AgeError);
  expect(streamed.bytes.length % 65_536).toBe(0);
  expect(streamed.bytes.equals(plain.subarray(0, streamed.bytes.length))).toBe(true);

  const ranged = await collectUntilError(
    (async function* () {
      yield* (await openEncrypted(new MemorySource(changed), [identity])).stream();
    })(),
  );
  expect(ranged.error).toBeInstanceOf(AgeError);
  expect(ranged.bytes.equals(plain.subarray(0, ranged.bytes.length))).toBe(true);
}

async function makeFile(size: number): Promise<{ plain: Buffer; file: Buffer; start: number }> {
  const plain = randomBuffer(size);
  const file = await encrypted(plain, recipients);
  const { headerSize } = await readHeader(new MemorySource(file));
  return { plain, file, start: headerSize + 16 };
}

const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('changed bytes', async () => {
  await fc.assert(
    fc.asyncProperty(
      sizeNearBorder,
      fc.array(fc.tuple(fraction, fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 }),
      async (size, changes) => {
        const { plain, file } = await makeFile(size);
        const changed = Buffer.from(file);
        for (const [where, mask] of changes) {
          const at = Math.floor(where * file.length);
          changed.writeUInt8(changed.readUInt8(at) ^ mask, at);
        }
        fc.pre(!changed.equals(file));
        await expectRefused(changed, plain);
      },
    ),
    { numRuns },
  );
});

test('every single byte of a header, and of the nonce', async () => {
  const { plain, file, start } = await makeFile(10);
  for (let at = 0; at < start; at += 1) {
    const changed = Buffer.from(file);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    await expectRefused(changed, plain);
  }
});

test('files that were cut, anywhere and between pieces', async () => {
  await fc.assert(
    fc.asyncProperty(sizeNearBorder, fraction, fc.boolean(), async (size, where, atBorder) => {
      const { plain, file, start } = await makeFile(size);
      const pieces = Math.ceil((file.length - start) / PIECE);
      const length = atBorder ? start + Math.floor(where * pieces) * PIECE : Math.floor(where * file.length);
      await expectRefused(file.subarray(0, length), plain);
    }),
    { numRuns },
  );
});

test('files with something behind them', async () => {
  await fc.assert(
    fc.asyncProperty(
      sizeNearBorder,
      fc.integer({ min: 1, max: 2 * PIECE }),
      fc.boolean(),
      async (size, more, own) => {
        const { plain, file } = await makeFile(size);
        const tail = own ? file.subarray(-Math.min(more, file.length)) : randomBuffer(more);
        await expectRefused(Buffer.concat([file, tail]), plain);
      },
    ),
    { numRuns },
  );
});

test('pieces that changed places, were doubled, left out, or come from another file of the same key', async () => {
  const sizes = fc.integer({ min: 2 * 65_536, max: 5 * 65_536 });
  const kind = fc.constantFrom('swap', 'double', 'leave out', 'other file');
  await fc.assert(
    fc.asyncProperty(sizes, kind, fraction, fraction, async (size, change, one, other) => {
      const { plain, file, start } = await makeFile(size);
      const parts: Buffer[] = [];
      for (let at = start; at < file.length; at += PIECE) parts.push(file.subarray(at, at + PIECE));
      const a = Math.floor(one * parts.length);
      const b = Math.floor(other * parts.length);
      const [partA, partB] = [parts[a], parts[b]];
      if (partA === undefined || partB === undefined) throw new Error('no such piece');
      if (change === 'swap') {
        fc.pre(a !== b);
        parts[a] = partB;
        parts[b] = partA;
      } else if (change === 'double') parts.splice(a, 0, partA);
      else if (change === 'leave out') parts.splice(a, 1);
      else {
        const stranger = await makeFile(size);
        const from = stranger.start + a * PIECE;
        parts[a] = stranger.file.subarray(from, from + PIECE);
      }
      await expectRefused(Buffer.concat([file.subarray(0, start), ...parts]), plain);
    }),
    { numRuns },
  );
});

test('a header from another file, a nonce from another file', async () => {
  const one = await makeFile(70_000);
  const other = await makeFile(70_000);
  await expectRefused(
    Buffer.concat([other.file.subarray(0, other.start), one.file.subarray(one.start)]),
    one.plain,
  );
  await expectRefused(
    Buffer.concat([other.file.subarray(0, other.start - 16), one.file.subarray(one.start - 16)]),
    one.plain,
  );
});

test('a range of a piece that was changed after the file was opened gives nothing', async () => {
  const { file, start, plain } = await makeFile(5 * 65_536);
  const opened = await openEncrypted(new MemorySource(file), [identity]);
  file.writeUInt8(file.readUInt8(start + 2 * PIECE + 70) ^ 1, start + 2 * PIECE + 70);
  await expect(opened.read(2 * 65_536 + 1000, 10)).rejects.toMatchObject({ code: 'PIECE_DAMAGED' });
  await expect(opened.read(65_536, 2 * 65_536)).rejects.toMatchObject({ code: 'PIECE_DAMAGED' });
  expect((await opened.read(65_536, 65_536)).equals(plain.subarray(65_536, 131_072))).toBe(true);
});

test('a header cannot make a reader spend more than 1 GiB on a passphrase', async () => {
  const file = await encrypted(randomBuffer(10), [passphraseRecipient('correct horse', { logN: 1 })]);
  for (const logN of ['21', '64', '999', '0', '01', '-1', '1.5', '1e1']) {
    const text = file.toString('latin1').replace(/(-> scrypt \S+) 1\n/, `$1 ${logN}\n`);
    const { error } = await collectUntilError(
      decryptStream([passphraseIdentity('correct horse')])(inParts(Buffer.from(text, 'latin1'))),
    );
    expect(error).toMatchObject({ code: 'HEADER_INVALID' });
  }
});

async function* endlessHeader(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('age-encryption.org/v1\n-> X25519 ');
  for (;;) yield Buffer.alloc(10_000, 'a');
}

test('a header without an end is given up', async () => {
  const { error } = await collectUntilError(decryptStream([identity])(endlessHeader()));
  expect(error).toMatchObject({ code: 'HEADER_TOO_LARGE' });
  const long = Buffer.concat([Buffer.from('age-encryption.org/v1\n-> X25519 '), Buffer.alloc(300_000, 'a')]);
  await expect(openEncrypted(new MemorySource(long), [identity])).rejects.toMatchObject({
    code: 'HEADER_TOO_LARGE',
  });
});
