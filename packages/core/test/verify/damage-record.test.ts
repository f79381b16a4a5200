import { join } from 'node:path';

import { objectKey } from '@quackup/target-api';
import { MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import {
  cleanupBackups,
  createBackup,
  type DailyOptions,
  type DailyReport,
  listBackups,
  resolveBackupName,
  runDaily,
  verifyBackup,
  type VerifyLevel,
  type VerifyReport,
} from '../../src/index.ts';
import { at } from '../backup/small-place.ts';
import { EncryptedPlace, encryption, keys, place } from '../encryption/encrypted-place.ts';
import { tempFolder } from '../make-database.ts';

let here: EncryptedPlace;
beforeAll(() => {
  here = new EncryptedPlace(2000);
});
afterAll(() => here[Symbol.dispose]());

let store: MemoryStore;
beforeEach(() => {
  store = new MemoryStore();
});

const name = (day: number): string => `backup_202601${String(day).padStart(2, '0')}_000000`;

const backUp = async (day: number, more: { readonly full?: boolean } = {}): Promise<string> => {
  here.change(day);
  return (await here.backUp([place(store)], day, { encryption: 'none', ...more })).backup;
};

const verify = async (backup: string, level: VerifyLevel, day: number): Promise<VerifyReport> =>
  verifyBackup(place(store), backup, { level, clock: at(day), tempDir: here.path });

const daily = async (day: number, more: Partial<DailyOptions> = {}): Promise<DailyReport> => {
  here.change(day);
  return runDaily({
    databases: [{ name: 'data.duckdb', path: here.database }],
    targets: [place(store)],
    policy: { keepLast: 1 },
    clock: at(day),
    tempDir: here.path,
    memoryDir: here.memoryDir,
    ...more,
  });
};

/** Changes a bit of a block in an archive, and changes it back the second time. */
function flip(archive: string, offset = 20_000): void {
  const bytes = Buffer.from(store.objects.get(archive) ?? []);
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset);
  store.set(objectKey(archive), bytes);
}

const states = async (): Promise<readonly [string, string][]> =>
  (await listBackups(place(store))).map(({ name: backup, damaged, suspect }) => [
    backup,
    damaged !== undefined ? 'damaged' : suspect !== undefined ? 'suspect' : 'whole',
  ]);

const recordOf = (backup: string): Record<string, unknown> | undefined => {
  const bytes = store.objects.get(`${backup}.damaged.json`);
  return bytes && (JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>);
};

describe('after a verification has found damage', () => {
  test('the backup counts for nothing, though it passed once, and cleanup keeps the good ones', async () => {
    for (const day of [1, 2, 3]) await backUp(day, { full: true });
    await verify(name(3), 'scan', 3);
    flip(`${name(3)}.tar.zst`);
    expect((await verify(name(3), 'blocks', 4)).ok).toBe(false);
    expect(await states()).toEqual([
      [name(3), 'damaged'],
      [name(2), 'whole'],
      [name(1), 'whole'],
    ]);
    expect(await resolveBackupName(place(store), 'latest', { clock: at(4) })).toBe(name(2));
    const { kept } = await cleanupBackups(place(store), { policy: { keepLast: 1 }, clock: at(4) });
    expect(kept.map((each) => each.name)).toEqual([name(3), name(2)]);
  });

  test.each(['archive', 'blocks', 'scan'] as const)(
    'at level %s, the next backup is a full one',
    async (level) => {
      await backUp(1, { full: true });
      await backUp(2);
      flip(`${name(1)}.tar.zst`);
      expect(await verify(name(2), level, 2)).toMatchObject({
        ok: false,
        problems: expect.arrayContaining([expect.objectContaining({ object: `${name(1)}.tar.zst` })]),
      });
      await backUp(3);
      expect(here.messages.join()).toContain(`a verification found ${name(2)} damaged`);
      expect((await verify(name(3), 'scan', 3)).ok).toBe(true);
      await backUp(4);
      expect((await listBackups(place(store))).map(({ kind }) => kind)).toEqual([
        'incremental',
        'full',
        'incremental',
        'full',
      ]);
      expect((await verify(name(4), 'scan', 4)).ok).toBe(true);
    },
  );

  test('what needs the same archive is suspect until it is scanned, and no base', async () => {
    await backUp(1, { full: true });
    await backUp(2);
    await backUp(3);
    flip(`${name(1)}.tar.zst`);
    expect((await verify(name(1), 'archive', 3)).ok).toBe(false);
    expect(await states()).toEqual([
      [name(3), 'suspect'],
      [name(2), 'suspect'],
      [name(1), 'damaged'],
    ]);
    await backUp(4);
    expect(here.messages.join()).toContain(`a verification found ${name(1)}.tar.zst, which ${name(3)} needs`);
    flip(`${name(1)}.tar.zst`);
    expect((await verify(name(2), 'scan', 5)).ok).toBe(true);
    expect(await states()).toEqual([
      [name(4), 'whole'],
      [name(3), 'suspect'],
      [name(2), 'whole'],
      [name(1), 'damaged'],
    ]);
  });

  test('only a pass of the same level or a higher one takes it back', async () => {
    await backUp(1, { full: true });
    flip(`${name(1)}.tar.zst`);
    await verify(name(1), 'blocks', 1);
    flip(`${name(1)}.tar.zst`);
    expect((await verify(name(1), 'archive', 2)).ok).toBe(true);
    expect(await states()).toEqual([[name(1), 'damaged']]);
    expect((await verify(name(1), 'blocks', 2)).ok).toBe(true);
    expect(await states()).toEqual([[name(1), 'whole']]);
    expect(recordOf(name(1))).toBeUndefined();
  });

  test('it stays known as long as a backup needs the archive, and no longer', async () => {
    await backUp(1, { full: true });
    await backUp(2);
    flip(`${name(1)}.tar.zst`);
    await verify(name(1), 'archive', 2);
    // What was verified goes, and its archive stays: the second backup needs it.
    store.remove(objectKey(`${name(1)}.json`));
    const policy = { keepLast: 1 };
    await cleanupBackups(place(store), { policy, clock: at(5) });
    expect([recordOf(name(1)) !== undefined, await states()]).toEqual([true, [[name(2), 'suspect']]]);
    await backUp(6);
    await cleanupBackups(place(store), { policy, clock: at(6) });
    expect([...store.objects.keys()].toSorted()).toEqual([`${name(6)}.json`, `${name(6)}.tar.zst`]);
  });

  test('a record that cannot be read still says that there was something', async () => {
    await backUp(1, { full: true });
    store.set(objectKey(`${name(1)}.damaged.json`), Buffer.from('{'));
    expect(await states()).toEqual([[name(1), 'damaged']]);
    await backUp(2);
    expect(here.messages.join()).toContain(`a verification found ${name(1)} damaged`);
  });

  test('where nothing may be removed a scan that passes outweighs it', async () => {
    await backUp(1, { full: true });
    flip(`${name(1)}.tar.zst`);
    const target = place(store, { access: 'append-only' });
    const at1 = { level: 'scan', clock: at(1), tempDir: here.path } as const;
    expect((await verifyBackup(target, name(1), at1)).ok).toBe(false);
    flip(`${name(1)}.tar.zst`);
    const passed = await verifyBackup(target, name(1), { ...at1, clock: at(2) });
    expect(passed).toMatchObject({
      ok: true,
      notes: [expect.stringContaining('nothing may be removed there')],
    });
    expect(await states()).toEqual([[name(1), 'whole']]);
  });

  test('of an encrypted backup nothing is written down that names what is in it', async () => {
    await here.backUp([place(store)], 1);
    flip(`${name(1)}.tar.zst.age`);
    const options = { level: 'blocks', clock: at(1), keys } as const;
    const { problems } = await verifyBackup(place(store), name(1), options);
    expect(JSON.stringify(problems)).toContain('data.duckdb');
    expect(recordOf(name(1))).toEqual({
      backup: name(1),
      at: '2026-01-01T00:00:00.000Z',
      level: 'blocks',
      archives: [`${name(1)}.tar.zst.age`],
    });
  });

  test('what merely could not be verified is no damage', async () => {
    using folder = tempFolder();
    const target = place(store);
    await here.backUp([target], 1);
    const other = { level: 'blocks', clock: at(1), tempDir: join(folder.path, 'x') } as const;
    await expect(verifyBackup(target, name(1), other)).rejects.toMatchObject({ code: 'KEY_REQUIRED' });
    expect(await states()).toEqual([[name(1), 'whole']]);
  });
});

describe('a daily run', () => {
  test('upon a base that is damaged fails, removes nothing, and the next one is whole', async () => {
    await daily(1);
    flip(`${name(1)}.tar.zst`);
    expect(await daily(2)).toMatchObject({
      outcome: 'failure',
      backup: { kind: 'incremental' },
      cleanups: [],
      // The first one needs the same archive.
      lastGood: [{ backup: null }],
    });
    expect(await daily(3)).toMatchObject({ outcome: 'success', backup: { kind: 'full' } });
    expect(await states()).toEqual([[name(3), 'whole']]);
  });

  test('without a key reads the earlier archives too, before it removes anything', async () => {
    const locked = { encryption } as const;
    await here.backUp([place(store)], 1, { full: true });
    here.change(2);
    await here.backUp([place(store)], 2, { full: true });
    flip(`${name(2)}.tar.zst.age`);
    expect(await daily(3, locked)).toMatchObject({
      outcome: 'failure',
      verified: [{ report: { ok: false, problems: [{ object: `${name(2)}.tar.zst.age` }] } }],
      cleanups: [],
    });
    expect(await daily(4, locked)).toMatchObject({ outcome: 'success', backup: { kind: 'full' } });
  });
});

test('a backup of the future is the latest only where there is no other', async () => {
  await backUp(1);
  const passedOver: string[] = [];
  const options = { clock: at(1), onPassedOver: (text: string) => passedOver.push(text) };
  const { backup } = await createBackup({
    databases: [{ name: 'data.duckdb', path: here.database }],
    targets: [place(store)],
    clock: { now: () => new Date('2030-01-01') },
    tempDir: here.path,
  });
  const latest = await resolveBackupName(place(store), 'latest', options);
  expect([latest, passedOver]).toEqual([
    name(1),
    [`latest is ${name(1)}: passed over ${backup}, whose date lies in the future`],
  ]);
  store.remove(objectKey(`${name(1)}.json`));
  expect(await resolveBackupName(place(store), 'latest', options)).toBe(backup);
});

test('the latest that is to hold a database is the newest that does', async () => {
  await backUp(1);
  const other = { name: 'other.duckdb', path: here.database };
  await createBackup({ databases: [other], targets: [place(store)], clock: at(2), tempDir: here.path });
  const target = new MemoryTarget({ store });
  const latest = async (database?: string): Promise<string> =>
    resolveBackupName({ name: 'memory', target }, 'latest', { clock: at(3), database });
  expect(await latest()).toBe(name(2));
  expect(await latest('data.duckdb')).toBe(name(1));
  // The restore says which ones it holds.
  expect(await latest('nowhere.duckdb')).toBe(name(2));
});

test('where no backup is whole, latest says so, and names the newest', async () => {
  await backUp(1);
  flip(`${name(1)}.tar.zst`);
  await verify(name(1), 'archive', 1);
  await expect(resolveBackupName(place(store), 'latest', { clock: at(1) })).rejects.toMatchObject({
    code: 'BACKUP_NOT_FOUND',
    message: expect.stringContaining(`is whole; the newest, ${name(1)}, is damaged: a verification of 2026`),
    hint: expect.stringContaining(`quackup restore ${name(1)} --database`),
  });
});

test('blocks that an archive cannot give any more are told together, and not as if they were not stored', async () => {
  using large = new EncryptedPlace();
  await large.backUp([place(store)], 1);
  flip(`${name(1)}.tar.zst.age`, 300_000);
  const { problems } = await verifyBackup(place(store), name(1), { level: 'blocks', clock: at(1), keys });
  const about = problems.filter(({ message }) => message.includes(' in use but '));
  expect(about).toEqual([
    expect.objectContaining({
      message: expect.stringMatching(/^blocks \d+ to \d+ of data\.duckdb are in use but could not be read$/),
    }),
  ]);
});
