/** Two machines that begin in the same second give their backups one name. */
import { MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import {
  type BackupOptions,
  copyBackup,
  createBackup,
  listBackups,
  type NamedTarget,
} from '../../src/index.ts';
import { at, copyOf, named, smallDatabase } from '../backup/small-place.ts';
import { encryption } from '../encryption/encrypted-place.ts';

const NAME = 'backup_20260101_000000';
const one = smallDatabase();
const other = smallDatabase();
const source = new MemoryStore();

const place = (store: MemoryStore, name = 'a'): NamedTarget => named(new MemoryTarget({ store }), name);
const copyTo = (target: NamedTarget): Promise<unknown> => copyBackup(place(source), target, NAME);

async function backedUp(store: MemoryStore, more: Partial<BackupOptions> = {}): Promise<void> {
  const databases = [{ ...other.source, name: 'other.duckdb' }];
  await createBackup({ databases, targets: [place(store)], clock: at(1), ...more });
}

beforeAll(async () => {
  await createBackup({ databases: [one.source], targets: [place(source)], clock: at(1) });
});
afterAll(() => {
  one[Symbol.dispose]();
  other[Symbol.dispose]();
});

test.each([
  ['gzip', { compression: { algorithm: 'gzip' } }],
  ['none', { compression: { algorithm: 'none' } }],
  ['encrypted', { encryption }],
  ['the same', {}],
] as const)("another machine's backup of the same second, %s, is not touched", async (_what, more) => {
  const store = new MemoryStore();
  await backedUp(store, more);
  for (const isListed of [true, false]) {
    if (!isListed) store.remove(`${NAME}.json`);
    const before = store.objects;
    await expect(copyTo(place(store, 'b'))).rejects.toMatchObject({ code: 'COPY_CONFLICT' });
    expect(store.objects).toEqual(before);
  }
});

test('a manifest that cannot be read is not replaced', async () => {
  for (const text of ['{}', '{\n  "format": 99,']) {
    const store = copyOf(source);
    store.set(`${NAME}.json`, Buffer.from(text));
    await expect(copyTo(place(store, 'b'))).rejects.toMatchObject({
      code: 'COPY_CONFLICT',
      hint: expect.stringContaining('quackup repair'),
    });
    expect(Buffer.from(store.objects.get(`${NAME}.json`) ?? []).toString()).toBe(text);
  }
});

test('nor is one that appears while the archive is copied', async () => {
  const elsewhere = new MemoryStore();
  await backedUp(elsewhere, { compression: { algorithm: 'gzip' } });
  const target = new MemoryTarget();
  const put = target.put.bind(target);
  target.put = async (key, ...rest) => {
    if (key === `${NAME}.json`) for (const [name, bytes] of elsewhere.objects) target.store.set(name, bytes);
    return put(key, ...rest);
  };
  await expect(copyTo(named(target, 'b'))).rejects.toMatchObject({ code: 'COPY_CONFLICT' });
  expect(await listBackups(place(target.store))).toMatchObject([{ databases: ['other.duckdb'] }]);
});
