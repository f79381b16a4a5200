import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  decryptStream,
  generateIdentity,
  openEncrypted,
  passphraseIdentity,
  passphraseRecipient,
  readHeader,
  recipientOf,
  rekeyHeader,
} from '../src/index.ts';
import { collect, encrypted, inParts, MemorySource, randomBuffer, sizeNearBorder } from './fixtures.ts';

const [old, added, third] = await Promise.all([generateIdentity(), generateIdentity(), generateIdentity()]);

test('a file with a new header is opened by the new recipients only, and its payload is the same', async () => {
  await fc.assert(
    fc.asyncProperty(sizeNearBorder, async (size) => {
      const plain = randomBuffer(size);
      const file = await encrypted(plain, [await recipientOf(old)]);
      const { headerSize } = await readHeader(new MemorySource(file));
      const header = await rekeyHeader(file, [old], [await recipientOf(added), await recipientOf(third)]);
      const rekeyed = Buffer.concat([header, file.subarray(headerSize)]);
      for (const identity of [added, third]) {
        expect((await collect(decryptStream([identity])(inParts(rekeyed)))).equals(plain)).toBe(true);
        const opened = await openEncrypted(new MemorySource(rekeyed), [identity]);
        expect((await opened.read(0, size)).equals(plain)).toBe(true);
      }
      await expect(openEncrypted(new MemorySource(rekeyed), [old])).rejects.toMatchObject({
        code: 'WRONG_KEY',
      });
      expect((await readHeader(new MemorySource(rekeyed))).headerSize).toBe(header.length);
    }),
    { numRuns: 20 },
  );
});

test('from a passphrase to keys and back', async () => {
  const plain = randomBuffer(1000);
  const file = await encrypted(plain, [passphraseRecipient('one', { logN: 4 })]);
  const { headerSize } = await readHeader(new MemorySource(file));
  const header = await rekeyHeader(
    file.subarray(0, headerSize),
    [passphraseIdentity('one')],
    [await recipientOf(old)],
  );
  const back = await rekeyHeader(header, [old], [passphraseRecipient('two', { logN: 4 })]);
  const rekeyed = Buffer.concat([back, file.subarray(headerSize)]);
  expect((await collect(decryptStream([passphraseIdentity('two')])(inParts(rekeyed)))).equals(plain)).toBe(
    true,
  );
});

test('whoever cannot open a file cannot change its recipients', async () => {
  const file = await encrypted(randomBuffer(1000), [await recipientOf(old)]);
  const to = [await recipientOf(added)];
  await expect(rekeyHeader(file, [added], to)).rejects.toMatchObject({ code: 'WRONG_KEY' });
  await expect(rekeyHeader(file.subarray(0, 50), [old], to)).rejects.toMatchObject({
    code: 'HEADER_INVALID',
  });
  await expect(rekeyHeader(file, [old], [])).rejects.toMatchObject({ code: 'RECIPIENT_INVALID' });
  const changed = Buffer.from(file.toString('latin1').replace('\n---', '\n-> grease\n\n---'), 'latin1');
  await expect(rekeyHeader(changed, [old], to)).rejects.toMatchObject({ code: 'HEADER_DAMAGED' });
});
