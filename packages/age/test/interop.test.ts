/** Both ways with Debian's `age`. The whole campaign: `QUACKUP_AGE_SIZES=1000`. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  decryptIdentities,
  decryptStream,
  encryptIdentities,
  formatIdentity,
  generateIdentity,
  type KeyIdentity,
  openEncrypted,
  parseIdentities,
  passphraseIdentity,
  passphraseRecipient,
  recipientOf,
  rekeyHeader,
  readHeader,
} from '../src/index.ts';
import { ageKeygen, ageWithPassphrase, noAge, shell } from './debian-age.ts';
import { collect, encrypted, inParts, MemorySource, randomBuffer, randomInteger } from './fixtures.ts';

const count = Number(process.env.QUACKUP_AGE_SIZES ?? 60);
const PASSPHRASE = 'a päss phrase';

/** Sizes up to four pieces: every border itself, the others within 40 bytes of one, and a tenth anywhere. */
function randomSizes(): number[] {
  const sizes = [0, 1, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073];
  while (sizes.length < count) {
    const border = randomInteger(0, 4) * 65_536;
    sizes.push(
      sizes.length % 10 === 0 ? randomInteger(0, 300_000) : Math.max(0, border + randomInteger(-40, 40)),
    );
  }
  return sizes;
}

describe.skipIf(noAge !== undefined)("Debian's age", () => {
  let folder: string;
  let identity: KeyIdentity;
  let theirs: KeyIdentity;
  const path = (name: string): string => join(folder, name);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quackup-age-'));
    identity = await generateIdentity();
    await writeFile(path('ours.key'), await formatIdentity(identity, new Date(0)), { mode: 0o600 });
    ageKeygen(path('theirs.key'));
    const [read] = parseIdentities(await readFile(path('theirs.key'), 'utf8'));
    if (read === undefined) throw new Error('age-keygen wrote no key');
    theirs = read;
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test(`reads what we write, ${count} sizes, with its keys and ours`, async () => {
    const files = randomSizes().map((size, at) => ({ name: `out-${at}`, plain: randomBuffer(size) }));
    const recipients = await Promise.all([identity, theirs].map(recipientOf));
    for (const { name, plain } of files)
      await writeFile(path(`${name}.age`), await encrypted(plain, recipients));
    shell(
      files
        // Not -o: age makes no file for an empty content.
        .map(({ name }, at) => `age -d -i ${at % 2 === 0 ? 'ours' : 'theirs'}.key ${name}.age > ${name}`)
        .map((line) => `cd '${folder}'; ${line}`)
        .join('\n'),
    );
    for (const { name, plain } of files) expect((await readFile(path(name))).equals(plain)).toBe(true);
  });

  test(`writes what we read, ${count} sizes, as a stream and by ranges`, async () => {
    const files = randomSizes().map((size, at) => ({ name: `in-${at}`, plain: randomBuffer(size) }));
    const { text } = await recipientOf(identity);
    for (const { name, plain } of files) await writeFile(path(name), plain);
    shell(
      files
        .map(({ name }) => `cd '${folder}'; age -r ${text} -R theirs.pub -o ${name}.age ${name}`)
        .toSpliced(0, 0, `age-keygen -y '${path('theirs.key')}' > '${path('theirs.pub')}'`)
        .join('\n'),
    );
    for (const [at, { name, plain }] of files.entries()) {
      const file = await readFile(path(`${name}.age`));
      const key = at % 2 === 0 ? identity : theirs;
      expect((await collect(decryptStream([key])(inParts(file)))).equals(plain)).toBe(true);
      const opened = await openEncrypted(new MemorySource(file), [key]);
      const from = randomInteger(0, plain.length);
      expect((await opened.read(from, plain.length - from)).equals(plain.subarray(from))).toBe(true);
    }
  });

  test('reads a file whose recipients we changed', async () => {
    const plain = randomBuffer(200_000);
    const file = await encrypted(plain, [await recipientOf(identity)]);
    const { headerSize } = await readHeader(new MemorySource(file));
    const header = await rekeyHeader(file, [identity], [await recipientOf(theirs)]);
    await writeFile(path('rekeyed.age'), Buffer.concat([header, file.subarray(headerSize)]));
    shell(
      `cd '${folder}'; age -d -i theirs.key -o rekeyed rekeyed.age; ! age -d -i ours.key rekeyed.age 2>/dev/null`,
    );
    expect((await readFile(path('rekeyed'))).equals(plain)).toBe(true);
  });

  test('uses a key file that we encrypted, and we one of its own', async () => {
    const plain = randomBuffer(1000);
    await writeFile(path('secret.age'), await encrypted(plain, [await recipientOf(theirs)]));
    const text = await readFile(path('theirs.key'), 'utf8');
    await writeFile(path('ours-locked.age'), await encryptIdentities(text, PASSPHRASE, { logN: 12 }));
    const command = `age -d -i '${path('ours-locked.age')}' -o '${path('secret')}' '${path('secret.age')}'`;
    const used = await ageWithPassphrase(command, PASSPHRASE);
    expect(used, used.screen).toMatchObject({ code: 0 });
    expect((await readFile(path('secret'))).equals(plain)).toBe(true);

    const lock = `age -p -a -o '${path('locked.age')}' '${path('theirs.key')}'`;
    expect(await ageWithPassphrase(lock, PASSPHRASE)).toMatchObject({ code: 0 });
    const [opened] = await decryptIdentities(await readFile(path('locked.age')), PASSPHRASE);
    expect(opened?.reveal()).toBe(theirs.reveal());
  });

  test('and passphrases, both ways', async () => {
    const plain = randomBuffer(100_000);
    await writeFile(path('ours.age'), await encrypted(plain, [passphraseRecipient(PASSPHRASE)]));
    const read = await ageWithPassphrase(`age -d -o '${path('read')}' '${path('ours.age')}'`, PASSPHRASE);
    expect(read, read.screen).toMatchObject({ code: 0 });
    expect((await readFile(path('read'))).equals(plain)).toBe(true);
    const wrong = await ageWithPassphrase(`age -d -o '${path('none')}' '${path('ours.age')}'`, 'another one');
    expect(wrong.code).not.toBe(0);

    await writeFile(path('plain'), plain);
    const written = await ageWithPassphrase(`age -p -o '${path('pass.age')}' '${path('plain')}'`, PASSPHRASE);
    expect(written, written.screen).toMatchObject({ code: 0 });
    const file = await readFile(path('pass.age'));
    expect(
      (await collect(decryptStream([passphraseIdentity(PASSPHRASE)])(inParts(file)))).equals(plain),
    ).toBe(true);
  });
});

test.skipIf(noAge === undefined)('age is installed', ({ skip }) => {
  skip(noAge);
});
