/** A change of recipients on one target gives its archives other headers than their copies have: `copy` must not mix them. */
import { join } from 'node:path';

import { generateIdentity, recipientOf } from '@quackup/age';
import { MemoryStore } from '@quackup/target-testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import {
  copyBackup,
  type CopyReport,
  type KeySource,
  rekeyTarget,
  type RekeyReport,
  restoreBackup,
  verifyBackup,
} from '../../src/index.ts';
import { at, copyOf } from '../backup/small-place.ts';
import { EncryptedPlace, identity as old, keysOf, place } from '../encryption/encrypted-place.ts';
import { tempFolder } from '../make-database.ts';

const FULL = 'backup_20260101_000000';
const INCREMENTAL = 'backup_20260102_000000';
const here = new EncryptedPlace(10_000);
const added = await generateIdentity();
const recipients = [await recipientOf(added)];
/** As the two targets were before the recipients changed on the first: the second has the full backup only. */
const before = { source: new MemoryStore(), other: new MemoryStore() };
let source: MemoryStore;
let other: MemoryStore;

const copy = (name: string, from = source, to = other): Promise<CopyReport> =>
  copyBackup(place(from), place(to, { name: 'b' }), name);
const rekey = (store: MemoryStore): Promise<RekeyReport> =>
  rekeyTarget(place(store), { recipients, keys: keysOf(old, added), clock: at(5) });

const cut = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, -200_000);

async function expectRestores(store: MemoryStore, name: string, keys: KeySource): Promise<void> {
  using into = tempFolder();
  await restoreBackup(place(store), name, { restoreDir: join(into.path, 'restored'), keys });
  expect(await verifyBackup(place(store), name, { level: 'blocks', keys })).toMatchObject({ problems: [] });
}

async function expectRefused(attempt: Promise<unknown>, store: MemoryStore): Promise<void> {
  const { objects } = store;
  await expect(attempt).rejects.toMatchObject({
    code: 'COPY_CONFLICT',
    hint: expect.stringContaining('quackup rekey'),
  });
  expect(store.objects).toEqual(objects);
}

beforeAll(async () => {
  await here.backUp([place(before.source)], 1);
  await copy(FULL, before.source, before.other);
  here.change(2);
  expect(await here.backUp([place(before.source)], 2)).toMatchObject({ kind: 'incremental' });
});
beforeEach(async () => {
  source = copyOf(before.source);
  other = copyOf(before.other);
  await rekey(source);
});
afterAll(() => here[Symbol.dispose]());

test('a copy that is for other keys is not declared again, in either direction', async () => {
  await expectRefused(copy(FULL), other);
  await expectRefused(copy(FULL, other, source), source);
  await expectRestores(other, FULL, keysOf(old));
  await expectRestores(source, FULL, keysOf(added));
});

test('nor is a backup that needs it', async () => {
  await expectRefused(copy(INCREMENTAL), other);
  await rekey(other);
  // By now it is for the same keys, though its header is another one; and so it stays.
  expect(await copy(INCREMENTAL)).toMatchObject({
    copied: [`${INCREMENTAL}.tar.zst.age`],
    replaced: [],
    present: [`${FULL}.tar.zst.age`],
  });
  expect(await copy(FULL)).toMatchObject({ copied: [], replaced: [] });
  for (const name of [FULL, INCREMENTAL]) await expectRestores(other, name, keysOf(added));
});

test('an archive that nothing there needs is written again, for the right keys', async () => {
  other.remove(`${FULL}.json`);
  expect(await copy(INCREMENTAL)).toMatchObject({
    replaced: [`${FULL}.tar.zst.age`],
    copied: [`${INCREMENTAL}.tar.zst.age`],
  });
  await expectRestores(other, INCREMENTAL, keysOf(added));
});

test('an archive whose manifest is gone is for the keys of those that need it', async () => {
  other = copyOf(before.source);
  other.remove(`${FULL}.json`);
  await expectRefused(copy(INCREMENTAL), other);
  await expectRefused(copy(FULL), other);
  await rekey(other);
  expect(await copy(INCREMENTAL)).toMatchObject({ copied: [], replaced: [] });
  // Its manifest tells the header that it has at the source.
  expect(await copy(FULL)).toMatchObject({ copied: [], replaced: [`${FULL}.tar.zst.age`] });
  for (const name of [FULL, INCREMENTAL]) await expectRestores(other, name, keysOf(added));
});

test('one that is half changed is not copied', async () => {
  const archive = `${FULL}.tar.zst.age`;
  source.set(`${FULL}.json`, before.source.objects.get(`${FULL}.json`) ?? new Uint8Array(0));
  const empty = new MemoryStore();
  for (const name of [FULL, INCREMENTAL])
    await expect(copy(name, source, empty)).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  expect([...empty.objects.keys()]).toEqual([]);
  // Where it is half changed, one that is whole puts it right.
  other.set(archive, source.objects.get(archive) ?? new Uint8Array(0));
  expect(await copy(FULL, before.source)).toMatchObject({ replaced: [archive] });
  await expectRestores(other, FULL, keysOf(old));
});

test('what is damaged gets no header for other keys, unless its manifest comes with it', async () => {
  other.change(`${FULL}.tar.zst.age`, cut);
  await expectRefused(copy(INCREMENTAL), other);
  expect(await copy(FULL)).toMatchObject({ replaced: [`${FULL}.tar.zst.age`] });
  expect(await copy(INCREMENTAL)).toMatchObject({ present: [`${FULL}.tar.zst.age`] });
  for (const name of [FULL, INCREMENTAL]) await expectRestores(other, name, keysOf(added));
  // But not if others there need it for the keys that they have.
  other = copyOf(before.source);
  other.change(`${FULL}.tar.zst.age`, cut);
  await expectRefused(copy(FULL), other);
});
