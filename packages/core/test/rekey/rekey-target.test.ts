import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { generateIdentity, passphraseRecipient, recipientOf } from '@quackup/age';
import { MemoryStore } from '@quackup/target-testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import {
  cleanupBackups,
  type KeySource,
  listBackups,
  type NamedTarget,
  rekeyTarget,
  type RekeyReport,
  restoreBackup,
  verifyBackup,
} from '../../src/index.ts';
import { at, atEveryCall, copyOf, FAULTS, named } from '../backup/small-place.ts';
import { EncryptedPlace, identity as old, keysOf, place } from '../encryption/encrypted-place.ts';
import { tempFolder } from '../make-database.ts';

const here = new EncryptedPlace();
/** Two full backups, the first with an incremental one, the manifest of whose base is gone: others need its archive. */
const base = new MemoryStore();
const contents = new Map<string, Buffer>();
const ORPHAN = 'backup_20260101_000000.tar.zst.age';
const added = await generateIdentity();
const oldRecipient = await recipientOf(old);
const newRecipient = await recipientOf(added);
const both = keysOf(old, added);
const DAY_5 = at(5);

beforeAll(async () => {
  for (const day of [1, 2, 3]) {
    if (day > 1) here.change(day);
    const { backup, kind } = await here.backUp([place(base)], day, { full: day === 3 });
    expect(kind).toBe(day === 2 ? 'incremental' : 'full');
    contents.set(backup, await here.content());
  }
  base.remove('backup_20260101_000000.json');
  contents.delete('backup_20260101_000000');
});
afterAll(() => here[Symbol.dispose]());

async function restored(store: MemoryStore, name: string, keys: KeySource): Promise<Buffer> {
  using into = tempFolder();
  const restoreDir = join(into.path, 'restored');
  await restoreBackup(place(store), name, { restoreDir, keys });
  return readFileSync(join(restoreDir, 'data.duckdb'));
}

async function expectReadable(
  store: MemoryStore,
  keys: KeySource,
  what = '',
  backups: ReadonlyMap<string, Buffer> = contents,
): Promise<void> {
  for (const [name, content] of backups) {
    expect((await restored(store, name, keys)).equals(content), `${name} ${what}`).toBe(true);
  }
}

/** All of an archive but its header. */
const payloadOf = (store: MemoryStore, key: string): Buffer => {
  const bytes = Buffer.from(store.objects.get(key) ?? []);
  return bytes.subarray(bytes.indexOf('\n', bytes.indexOf('\n---') + 1) + 1);
};

const add = (target: NamedTarget, keys = keysOf(old)): Promise<RekeyReport> =>
  rekeyTarget(target, { recipients: [oldRecipient, newRecipient], keys, clock: DAY_5 });
const replace = (target: NamedTarget, keys = both): Promise<RekeyReport> =>
  rekeyTarget(target, { recipients: [newRecipient], keys, clock: DAY_5 });

test('a recipient that is added can read every backup, and the others still can; payloads stay as they are', async () => {
  const store = copyOf(base);
  const report = await add(place(store));
  expect(report).toMatchObject({
    rekeyed: [...contents.keys()].map((backup) => ({
      backup,
      added: [newRecipient.fingerprint],
      removed: [],
    })),
    archives: [ORPHAN],
    unchanged: [],
    failed: [],
  });
  await expectReadable(store, keysOf(added));
  await expectReadable(store, keysOf(old));
  let moved = 0;
  for (const key of store.objects.keys()) {
    if (!key.endsWith('.age')) continue;
    const payload = payloadOf(store, key);
    expect(payload.equals(payloadOf(base, key)), key).toBe(true);
    moved += payload.length;
  }
  expect(report.movedBytes).toBe(moved);
  for (const { name, damaged, recipients } of await listBackups(place(store))) {
    expect(damaged).toBeUndefined();
    expect(recipients).toEqual([oldRecipient.fingerprint, newRecipient.fingerprint].toSorted());
    const verified = await verifyBackup(place(store), name, { level: 'blocks', keys: keysOf(added) });
    expect(verified).toMatchObject({ ok: true, problems: [] });
  }
  const again = await add(place(store));
  expect(again).toMatchObject({
    rekeyed: [],
    archives: [],
    unchanged: [...contents.keys()].toReversed(),
    movedBytes: 0,
  });
});

test('a recipient that is removed cannot read what is there any more', async () => {
  const store = copyOf(base);
  await replace(place(store));
  await expectReadable(store, keysOf(added));
  for (const name of contents.keys()) {
    await expect(restored(store, name, keysOf(old))).rejects.toMatchObject({ code: 'KEY_WRONG' });
  }
  for (const [key, bytes] of store.objects) {
    if (key.endsWith('.json')) expect(Buffer.from(bytes).toString()).not.toContain(oldRecipient.fingerprint);
  }
});

test('who removes a recipient needs a key that stays; without any nothing is possible', async () => {
  const store = copyOf(base);
  const cases: [() => Promise<unknown>, string][] = [
    [() => replace(place(store), keysOf(old)), 'KEY_WRONG'],
    [() => replace(place(store), keysOf()), 'KEY_REQUIRED'],
    [() => rekeyTarget(place(store), { recipients: [], keys: both }), 'CONFIG_INVALID'],
    [
      () => rekeyTarget(place(store), { recipients: [passphraseRecipient('a b c')], keys: both }),
      'CONFIG_INVALID',
    ],
    [() => replace({ ...place(store), access: 'append-only' }), 'TARGET_ACCESS'],
  ];
  for (const [attempt, code] of cases) await expect(attempt()).rejects.toMatchObject({ code });
  expect(store.objects).toEqual(base.objects);
});

test('a dry run needs no key, changes nothing and says what would be moved', async () => {
  const store = copyOf(base);
  const planned = await rekeyTarget(place(store), {
    recipients: [newRecipient],
    keys: keysOf(),
    dryRun: true,
  });
  expect(store.objects).toEqual(base.objects);
  const done = await replace(place(store));
  expect({ ...planned, dryRun: false }).toEqual(done);
});

test('an archive that is damaged is not touched, nor what needs it; the rest is done', async () => {
  const store = copyOf(base);
  const bytes = Buffer.from(store.objects.get(ORPHAN) ?? []);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1000) ^ 1, bytes.length - 1000);
  store.set(ORPHAN, bytes);
  const before = copyOf(store);
  const { rekeyed, failed } = await replace(place(store));
  expect(rekeyed.map(({ backup }) => backup)).toEqual(['backup_20260103_000000']);
  expect(failed.map(({ object, error }) => [object, error.code])).toEqual([
    [ORPHAN, 'BACKUP_DAMAGED'],
    ['backup_20260102_000000', 'BACKUP_DAMAGED'],
  ]);
  for (const [key, content] of before.objects) {
    if (!key.startsWith('backup_20260103')) expect(store.objects.get(key), key).toEqual(content);
  }
});

test('a backup that none of the keys opens is named, and not touched', async () => {
  const store = copyOf(base);
  const { rekeyed, failed } = await rekeyTarget(place(store), {
    recipients: [newRecipient],
    keys: keysOf(added),
    clock: DAY_5,
  });
  expect(rekeyed).toEqual([]);
  expect(failed.map(({ error }) => error.code)).toEqual(['KEY_WRONG', 'BACKUP_DAMAGED', 'KEY_WRONG']);
  expect(store.objects).toEqual(base.objects);
});

test('plain backups stay as they are, and are named', async () => {
  const store = copyOf(base);
  await here.backUp([place(store)], 4, { encryption: 'none' });
  const { plain, rekeyed } = await replace(place(store));
  expect(plain).toEqual(['backup_20260104_000000']);
  expect(rekeyed).toHaveLength(2);
});

/** As after a kill: nothing more is done from some call on. */
const CUT_OFF = FAULTS.filter(({ name }) => name.includes('last one'));

test.each(CUT_OFF)(
  'where one call $name, every backup stays readable, and the next run finishes',
  async ({ fault }) => {
    // It needs all there is: its own archive, and one without a manifest.
    const incremental = new Map([...contents].filter(([name]) => name.includes('0102')));
    const calls = await atEveryCall(
      base,
      fault,
      async (target, store, what) => {
        await replace(named(target)).catch(() => {});
        // Whoever has both keys can read everything at any moment.
        await expectReadable(store, both, what, incremental);
        for (const key of store.objects.keys()) if (key.startsWith('leases/')) store.remove(key);
        const { failed } = await replace(place(store));
        expect(failed, what).toEqual([]);
        await expectReadable(store, keysOf(added), what, incremental);
        const listed = await listBackups(place(store));
        expect(listed.every(({ damaged }) => damaged === undefined)).toBe(true);
      },
      (target) => replace(named(target)),
    );
    expect(calls).toBeGreaterThan(12);
    expect(CUT_OFF).toHaveLength(1);
  },
);

test('while it works no backup and no cleanup begins', async () => {
  const store = copyOf(base);
  const leased: boolean[] = [];
  await rekeyTarget(place(store), {
    recipients: [newRecipient],
    keys: both,
    clock: DAY_5,
    onProgress: ({ type }) => {
      const held = [...store.objects.keys()].some((key) => key.startsWith('leases/'));
      if (type === 'task-advance') leased.push(held);
    },
  });
  expect(leased.length).toBeGreaterThan(2);
  expect(leased).not.toContain(false);
  expect([...store.objects.keys()].filter((key) => key.startsWith('leases/'))).toEqual([]);
});

test('a cleanup afterwards keeps what is needed', async () => {
  const store = copyOf(base);
  await replace(place(store));
  await cleanupBackups(place(store), { policy: { keepLast: 2 }, clock: DAY_5 });
  await expectReadable(store, keysOf(added));
});

test('what was mixed is put right, though every manifest says that it is done', async () => {
  const store = copyOf(base);
  await replace(place(store));
  // Archives for the old keys under manifests for the new ones: of a backup, and one without a backup.
  const mixed = ['backup_20260103_000000.tar.zst.age', ORPHAN];
  for (const key of mixed) store.set(key, base.objects.get(key) ?? new Uint8Array(0));
  const planned = await rekeyTarget(place(store), {
    recipients: [newRecipient],
    keys: keysOf(),
    dryRun: true,
  });
  expect(planned.rekeyed).toEqual([{ backup: 'backup_20260103_000000', added: [], removed: [] }]);
  await expect(replace(place(store), keysOf(old))).rejects.toMatchObject({ code: 'KEY_WRONG' });
  const report = await replace(place(store));
  expect(report).toMatchObject({
    rekeyed: [{ backup: 'backup_20260103_000000', added: [], removed: [] }],
    archives: [ORPHAN],
    unchanged: ['backup_20260102_000000'],
    failed: [],
  });
  await expectReadable(store, keysOf(added));
  expect(await replace(place(store))).toMatchObject({ rekeyed: [], archives: [], movedBytes: 0 });
});

test('a header that is damaged is named, and one of a missing archive is left to others', async () => {
  const store = copyOf(base);
  await replace(place(store));
  const [first, second] = ['backup_20260102_000000.tar.zst.age', 'backup_20260103_000000.tar.zst.age'];
  store.change(first, (bytes) => bytes.fill(0x41, 30, 60));
  store.remove(second);
  expect(await replace(place(store))).toMatchObject({
    rekeyed: [],
    unchanged: ['backup_20260103_000000'],
    failed: [{ object: 'backup_20260102_000000' }],
  });
});
