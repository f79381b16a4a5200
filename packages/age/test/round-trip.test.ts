import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  AgeError,
  decryptStream,
  encryptedSize,
  encryptStream,
  generateIdentity,
  openEncrypted,
  plainSize,
  prepareEncryption,
  readHeader,
  recipientOf,
} from '../src/index.ts';
import { collect, encrypted, inParts, MemorySource, randomBuffer, sizeNearBorder } from './fixtures.ts';

const identity = await generateIdentity();
const recipients = [await recipientOf(identity)];

test('what is encrypted is decrypted, whatever the size and however it arrives', async () => {
  await fc.assert(
    fc.asyncProperty(sizeNearBorder, fc.integer({ min: 1, max: 200_000 }), async (size, longest) => {
      const plain = randomBuffer(size);
      const file = await collect(encryptStream(recipients)(inParts(plain, longest)));
      const read = await collect(decryptStream([identity])(inParts(file, longest)));
      expect(read.equals(plain)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('a header that arrives a byte at a time is read', async () => {
  const plain = randomBuffer(1000);
  const file = await encrypted(plain, recipients);
  const read = await collect(decryptStream([identity])(inParts(file, 1)));
  expect(read.equals(plain)).toBe(true);
});

test('the length of a file is a function of the length of its content, and the other way round', async () => {
  await fc.assert(
    fc.asyncProperty(sizeNearBorder, async (size) => {
      const encryption = await prepareEncryption(recipients);
      const file = await collect(encryption.encrypt(inParts(randomBuffer(size))));
      expect(file.length).toBe(encryption.encryptedSize(size));
      expect(file.length).toBe(encryptedSize(size, encryption.header.length));
      expect(plainSize(file.length, encryption.header.length)).toBe(size);
    }),
    { numRuns: 40 },
  );
});

test('lengths agree for files of any size, and a length that no content has is refused', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: 100, max: 5000 }), (length, headerSize) => {
      const fileSize = Math.floor(length / 2);
      try {
        expect(encryptedSize(plainSize(fileSize, headerSize), headerSize)).toBe(fileSize);
      } catch (error) {
        if (!(error instanceof AgeError)) throw error;
        expect(error.code).toBe('TRUNCATED');
        // A piece of nothing: 1 to 16 bytes behind a whole piece, or less than the one piece that every file has.
        const payload = fileSize - headerSize - 16;
        expect(payload < 16 || (payload % 65_552 >= 1 && payload % 65_552 <= 16)).toBe(true);
      }
    }),
  );
});

test('an empty content is one empty piece', async () => {
  const file = await encrypted(Buffer.alloc(0), recipients);
  const { headerSize } = await readHeader(new MemorySource(file));
  expect(file.length).toBe(headerSize + 16 + 16);
  expect(await collect(decryptStream([identity])(inParts(file)))).toHaveLength(0);
  const opened = await openEncrypted(new MemorySource(file), [identity]);
  expect(opened.size).toBe(0);
  expect(await collect(opened.stream())).toHaveLength(0);
});

test('no two files have a key, a nonce or a byte of header in common that they need not have', async () => {
  const plain = Buffer.alloc(100_000);
  const [one, other] = [await encrypted(plain, recipients), await encrypted(plain, recipients)];
  const { headerSize } = await readHeader(new MemorySource(one));
  expect(one.subarray(headerSize, headerSize + 16).equals(other.subarray(headerSize, headerSize + 16))).toBe(
    false,
  );
  expect(one.subarray(headerSize + 16).equals(other.subarray(headerSize + 16))).toBe(false);
  // Pieces with the same content differ too.
  const payload = one.subarray(headerSize + 16);
  expect(payload.subarray(0, 1000).equals(payload.subarray(65_552, 66_552))).toBe(false);
});

test('an encryption is good for one file', async () => {
  const encryption = await prepareEncryption(recipients);
  await collect(encryption.encrypt(inParts(randomBuffer(10))));
  expect(() => encryption.encrypt(inParts(randomBuffer(10)))).toThrow('one file only');
});

test('the source is closed when the reader stops early, and its error passes as it is', async () => {
  let closed = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield randomBuffer(100_000);
    } finally {
      closed += 1;
    }
  }
  for await (const bytes of encryptStream(recipients)(endless())) if (bytes.length > 100_000) break;
  expect(closed).toBe(1);
  const broken = new Error('the disk is gone');
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield randomBuffer(100_000);
    throw broken;
  }
  await expect(collect(encryptStream(recipients)(failing()))).rejects.toBe(broken);
});
