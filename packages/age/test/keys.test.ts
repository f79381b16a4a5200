import { inspect } from 'node:util';

import { identityToRecipient } from 'age-encryption';
import { describe, expect, test } from 'vitest';

import {
  AgeError,
  checkRecipients,
  decryptIdentities,
  decryptStream,
  encryptIdentities,
  fingerprintOf,
  formatIdentity,
  generateIdentity,
  type Identity,
  isEncryptedIdentities,
  parseIdentities,
  parseIdentity,
  parseRecipient,
  parseRecipients,
  passphraseIdentity,
  passphraseRecipient,
  readHeader,
  recipientOf,
} from '../src/index.ts';
import { collect, encrypted, inParts, MemorySource, randomBuffer } from './fixtures.ts';

const usual = await generateIdentity();
const hybrid = await generateIdentity({ postQuantum: true });
const quick = { logN: 4 };

function decrypted(file: Buffer, identities: readonly Identity[]): Promise<Buffer> {
  return collect(decryptStream(identities)(inParts(file)));
}

describe('keys', () => {
  test.each([
    ['X25519', usual],
    ['post-quantum', hybrid],
  ])('%s: written, read again, and named alike', async (_, identity) => {
    const text = await formatIdentity(identity, new Date('2026-11-26T20:00:00.123Z'));
    const recipient = await recipientOf(identity);
    expect(recipient.text).toBe(await identityToRecipient(identity.reveal()));
    expect(text).toBe(
      `# created: 2026-11-26T20:00:00Z\n# public key: ${recipient.text}\n${identity.reveal()}\n`,
    );
    const [read] = parseIdentities(text);
    expect(read?.reveal()).toBe(identity.reveal());
    const parsed = parseRecipient(` ${recipient.text ?? ''}\n`);
    expect(parsed.kind).toBe(identity.kind);
    expect(parsed.fingerprint).toBe(fingerprintOf(recipient.text ?? ''));
    expect(parsed.fingerprint).toMatch(/^[0-9a-f]{16}$/);
  });

  test('the secret is in no printed form of an identity', () => {
    const printed = `${inspect(usual, { depth: 9, showHidden: true })} ${JSON.stringify(usual)}`;
    expect(printed.toUpperCase()).not.toContain(usual.reveal().slice(16, 40));
  });

  test('every recipient opens, nobody else does', async () => {
    const others = await Promise.all([generateIdentity(), generateIdentity()]);
    const plain = randomBuffer(1000);
    const file = await encrypted(plain, await Promise.all([usual, ...others].map(recipientOf)));
    for (const identity of [usual, ...others])
      expect((await decrypted(file, [identity])).equals(plain)).toBe(true);
    const stranger = await generateIdentity();
    await expect(decrypted(file, [stranger])).rejects.toThrow('the key does not open the file');
    await expect(decrypted(file, [stranger, stranger])).rejects.toThrow('none of the 2 keys opens the file');
    await expect(decrypted(file, [])).rejects.toMatchObject({ code: 'WRONG_KEY' });
    await expect(decrypted(file, [passphraseIdentity('x'), hybrid])).rejects.toMatchObject({
      code: 'WRONG_KEY',
    });
    expect((await decrypted(file, [stranger, hybrid, usual])).equals(plain)).toBe(true);
    expect((await readHeader(new MemorySource(file))).stanzaTypes).toEqual(['X25519', 'X25519', 'X25519']);
  });

  test('a post-quantum file is opened by its key alone, and is not mixed with others', async () => {
    const plain = randomBuffer(100);
    const file = await encrypted(plain, [await recipientOf(hybrid)]);
    expect((await decrypted(file, [hybrid])).equals(plain)).toBe(true);
    await expect(decrypted(file, [usual])).rejects.toMatchObject({ code: 'WRONG_KEY' });
    const mixed = [await recipientOf(hybrid), await recipientOf(usual)];
    expect(() => checkRecipients(mixed)).toThrow('cannot be mixed');
    await expect(encrypted(plain, mixed)).rejects.toMatchObject({ code: 'RECIPIENT_INVALID' });
    await expect(encrypted(plain, [])).rejects.toMatchObject({ code: 'RECIPIENT_INVALID' });
  });

  test('a damaged copy of a secret key is never repeated', () => {
    const secret = usual.reveal();
    for (const bad of [
      secret.slice(0, -1),
      `${secret}Q`,
      secret.toLowerCase(),
      secret.replace('SECRET', 'PUBLIC'),
      '',
    ]) {
      const error = caught(() => parseIdentity(bad));
      expect(error.code).toBe('IDENTITY_INVALID');
      expect(inspect(error)).not.toContain(secret.slice(20, 40));
      expect(inspect(error).toUpperCase()).not.toContain(secret.slice(20, 40));
    }
    for (const misplaced of [secret, secret.toLowerCase()]) {
      const error = caught(() => parseRecipient(misplaced));
      expect(error.code).toBe('RECIPIENT_INVALID');
      expect(inspect(error).toUpperCase()).not.toContain(secret.slice(20, 40));
    }
  });

  test('lists name the line that is wrong', async () => {
    const { text = '' } = await recipientOf(usual);
    expect(parseRecipients(`# mine\n\n${text}\r\n${text}\n`)).toHaveLength(2);
    expect(caught(() => parseRecipients(`# mine\n${text}\nage1nonsense\n`)).message).toMatch(/^line 3: /);
    expect(caught(() => parseRecipients('# nobody\n')).code).toBe('RECIPIENT_INVALID');
    expect(caught(() => parseIdentities(`\n${usual.reveal()}\n${text}`)).message).toMatch(
      /^line 3: a recipient stands/,
    );
    expect(caught(() => parseIdentities('')).code).toBe('IDENTITY_INVALID');
    expect(caught(() => parseIdentities('age-encryption.org/v1\n')).message).toContain('itself encrypted');
    expect(caught(() => parseIdentity(text)).message).toContain('a recipient stands');
  });
});

describe('passphrases', () => {
  test('open what they encrypted, and nothing else does', async () => {
    const plain = randomBuffer(70_000);
    const file = await encrypted(plain, [passphraseRecipient('päß wörd  ', quick)]);
    expect(
      (await decrypted(file, [usual, passphraseIdentity('nope'), passphraseIdentity('päß wörd  ')])).equals(
        plain,
      ),
    ).toBe(true);
    for (const wrong of ['päß wörd', 'PÄß wörd  ']) {
      await expect(decrypted(file, [passphraseIdentity(wrong)])).rejects.toMatchObject({ code: 'WRONG_KEY' });
    }
  });

  test('are alone in a header, on both sides', async () => {
    const both = [passphraseRecipient('x', quick), await recipientOf(usual)];
    await expect(encrypted(randomBuffer(1), both)).rejects.toMatchObject({ code: 'RECIPIENT_INVALID' });
    const twice = [passphraseRecipient('x', quick), passphraseRecipient('y', quick)];
    await expect(encrypted(randomBuffer(1), twice)).rejects.toMatchObject({ code: 'RECIPIENT_INVALID' });
  });

  test('are not empty, and cost what is allowed', () => {
    expect(caught(() => passphraseRecipient('')).code).toBe('RECIPIENT_INVALID');
    expect(caught(() => passphraseIdentity('')).code).toBe('IDENTITY_INVALID');
    for (const logN of [0, 21, 1.5, Number.NaN])
      expect(() => passphraseRecipient('x', { logN })).toThrow(RangeError);
    expect(inspect(passphraseRecipient('hidden words'), { showHidden: true })).not.toContain('hidden words');
    expect(inspect(passphraseIdentity('hidden words'), { showHidden: true })).not.toContain('hidden words');
  });
});

function caught(action: () => unknown): AgeError {
  try {
    action();
  } catch (error) {
    if (error instanceof AgeError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a file of identities that is encrypted', () => {
  test('is opened with its passphrase, as text with any line ends, and binary', async () => {
    const text = await formatIdentity(usual, new Date(0));
    const armored = await encryptIdentities(text, 'open sesame', quick);
    expect(armored).toMatch(
      /^-----BEGIN AGE ENCRYPTED FILE-----\n[\s\S]+\n-----END AGE ENCRYPTED FILE-----\n$/,
    );
    const binary = await encrypted(Buffer.from(text), [passphraseRecipient('open sesame', quick)]);
    for (const file of [Buffer.from(armored), Buffer.from(`\n${armored.replaceAll('\n', '\r\n')}`), binary]) {
      expect(isEncryptedIdentities(file)).toBe(true);
      const [identity, ...more] = await decryptIdentities(file, 'open sesame');
      expect(more).toHaveLength(0);
      expect(identity?.reveal()).toBe(usual.reveal());
      await expect(decryptIdentities(file, 'open barley')).rejects.toMatchObject({ code: 'WRONG_KEY' });
    }
    expect(isEncryptedIdentities(Buffer.from(text))).toBe(false);
    expect(isEncryptedIdentities(Buffer.alloc(0))).toBe(false);
    const cut = Buffer.from(armored.slice(0, -40));
    await expect(decryptIdentities(cut, 'open sesame')).rejects.toMatchObject({ code: 'NOT_AGE' });
  });
});
