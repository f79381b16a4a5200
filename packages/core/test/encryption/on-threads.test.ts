import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { MemoryStore } from '@quackup/target-testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { restoreBackup } from '../../src/index.ts';
import { copyOf } from '../backup/small-place.ts';
import { tempFolder } from '../make-database.ts';
import { EncryptedPlace, keys, place } from './encrypted-place.ts';

const PIECE = 65_552;
const here = new EncryptedPlace(100_000);
const base = new MemoryStore();
let backup = '';
let key = '';

beforeAll(async () => {
  ({ backup } = await here.backUp([place(base)], 1));
  key = `${backup}.tar.zst.age`;
});
afterAll(() => here[Symbol.dispose]());

test('a database of many blocks is restored as it was', async () => {
  using into = tempFolder();
  await restoreBackup(place(base), backup, { restoreDir: into.path, keys });
  expect(readFileSync(join(into.path, 'data.duckdb')).equals(await here.content())).toBe(true);
});

test.each([
  ['a bit is changed', (bytes: Buffer, at: number) => bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)],
  [
    'a piece stands in the place of another',
    (bytes: Buffer, at: number) => bytes.copy(bytes, at, at + 3 * PIECE, at + 4 * PIECE),
  ],
])('nothing is put in place if %s in the middle', async (_, change) => {
  const store = copyOf(base);
  const bytes = Buffer.from(store.objects.get(key) ?? []);
  // The pieces begin behind the header and a nonce of 16 bytes.
  const start = bytes.indexOf('\n', bytes.indexOf('\n---') + 1) + 17;
  change(bytes, start + 10 * PIECE);
  store.set(key, bytes);
  using into = tempFolder();
  await expect(restoreBackup(place(store), backup, { restoreDir: into.path, keys })).rejects.toMatchObject({
    code: 'BACKUP_DAMAGED',
    message: expect.stringContaining('piece 10,'),
  });
  expect(existsSync(into.path) ? readdirSync(into.path) : []).toEqual([]);
});
