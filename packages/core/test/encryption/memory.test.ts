import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { generateIdentity, recipientOf } from '@quackup/age';
import { MemoryStore } from '@quackup/target-testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { type NamedTarget, rekeyTarget, restoreBackup } from '../../src/index.ts';
import { at, copyOf } from '../backup/small-place.ts';
import { tempFolder } from '../make-database.ts';
import { encryption, EncryptedPlace, identity, keys, keysOf, place } from './encrypted-place.ts';

const here = new EncryptedPlace();
const base = new MemoryStore();
const FIRST = 'backup_20260101_000000';
/** What is remembered of the first backup. */
let remembered: Buffer;
const file = (): string => join(here.memoryDir, readdirSync(here.memoryDir)[0] ?? '');

beforeAll(async () => {
  await here.backUp([place(base)], 1);
  remembered = readFileSync(file());
});
beforeEach(() => writeFileSync(file(), remembered));
afterAll(() => here[Symbol.dispose]());

async function expectFull(target: NamedTarget, why: string, more = {}): Promise<void> {
  const { kind, targets } = await here.backUp([target], 2, more);
  expect(targets).toMatchObject([{ status: 'ok' }]);
  expect(kind).toBe('full');
  expect(here.messages.join('\n')).toContain(why);
}

test('what is remembered is private to the user, and holds no content', () => {
  expect(statSync(here.memoryDir).mode & 0o777).toBe(0o700);
  expect(readdirSync(here.memoryDir)).toHaveLength(1);
  expect(statSync(file()).mode & 0o777).toBe(0o600);
  expect(remembered.length).toBeLessThan(statSync(here.database).size / 50);
});

test('a backup after it is incremental, and is remembered in its turn', async () => {
  const store = copyOf(base);
  expect(await here.backUp([place(store)], 2)).toMatchObject({ kind: 'incremental' });
  expect(readFileSync(file()).equals(remembered)).toBe(false);
  expect(await here.backUp([place(store)], 3)).toMatchObject({ kind: 'incremental' });
});

test('without a memory the backup is full, and says so', async () => {
  rmSync(here.memoryDir, { recursive: true });
  await expectFull(place(copyOf(base)), 'nothing is remembered here');
  expect(await here.backUp([place(copyOf(base))], 3, { memoryDir: `${here.path}/none` })).toMatchObject({
    kind: 'full',
  });
});

test('where another machine has changed the recipients the backup is full', async () => {
  const store = copyOf(base);
  const added = await generateIdentity();
  const recipients = [await recipientOf(added)];
  await rekeyTarget(place(store), { recipients, keys: keysOf(identity, added), clock: at(2) });
  await expectFull(place(store), `${FIRST}, the last one, is for other keys there by now`);
});

test('nor is one built upon a manifest that is another one there, or cannot be read', async () => {
  using other = new EncryptedPlace(10_000);
  const elsewhere = new MemoryStore();
  await other.backUp([place(elsewhere)], 1);
  const replaced = copyOf(base);
  replaced.set(`${FIRST}.json`, elsewhere.objects.get(`${FIRST}.json`) ?? new Uint8Array(0));
  await expectFull(place(replaced), 'is another one there');
  writeFileSync(file(), remembered);
  const damaged = copyOf(base);
  damaged.set(`${FIRST}.json`, Buffer.from('{}'));
  await expectFull(place(damaged), 'cannot be read');
});

test('a memory that was changed in any place is not used', async () => {
  for (let at = 0; at < remembered.length; at += Math.ceil(remembered.length / 6)) {
    const changed = Buffer.from(remembered);
    changed.writeUInt8(changed.readUInt8(at) ^ 0x20, at);
    writeFileSync(file(), changed);
    await expectFull(place(copyOf(base)), 'nothing is remembered here');
  }
  writeFileSync(file(), remembered.subarray(0, -40));
  await expectFull(place(copyOf(base)), 'nothing is remembered here');
});

test('for other recipients, or more of them, a backup is full: a new key must restore it alone', async () => {
  const more = await recipientOf(await generateIdentity());
  for (const recipients of [[more], [...encryption.recipients, more]]) {
    writeFileSync(file(), remembered);
    await expectFull(place(copyOf(base)), 'not for the same keys', { encryption: { recipients } });
  }
});

test('another place under the same name is another place', async () => {
  const target = place(copyOf(base));
  Object.defineProperty(target.target, 'displayName', { value: 'another bucket' });
  await expectFull(target, 'nothing is remembered here');
});

test('if the last backup is gone, or its archive is not whole, the next one is full', async () => {
  const gone = copyOf(base);
  gone.remove(`${FIRST}.json`);
  await expectFull(place(gone), 'is not there any more');
  writeFileSync(file(), remembered);
  const cut = copyOf(base);
  const key = `${FIRST}.tar.zst.age`;
  cut.set(key, (cut.objects.get(key) ?? new Uint8Array(0)).subarray(0, -5000));
  await expectFull(place(cut), 'is not whole');
});

test('on a target that can only be written a backup is incremental by what is remembered, also a plain one', async () => {
  const store = new MemoryStore();
  const blind = place(store, { access: 'write-only' });
  for (const [day, options] of [
    [1, { encryption }],
    [3, { encryption: 'none' }],
  ] as const) {
    const memoryDir = join(here.path, `memory-blind-${day}`);
    const first = await here.backUp([blind], day, { ...options, memoryDir });
    here.change(day);
    const second = await here.backUp([blind], day + 1, { ...options, memoryDir });
    expect([first.kind, second.kind]).toEqual(['full', 'incremental']);
    using into = tempFolder();
    await restoreBackup(place(store), second.backup, { restoreDir: into.path, keys });
    const content = await here.content();
    expect(readFileSync(join(into.path, 'data.duckdb')).equals(content)).toBe(true);
  }
});
