import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  generateIdentity,
  passphraseIdentity,
  passphraseRecipient,
  readHeader,
  recipientOf,
  rekeyHeader,
} from '@quackup/age';
import { MemoryStore } from '@quackup/target-testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  type BackupReport,
  cleanupBackups,
  type Compression,
  copyBackup,
  describeBackup,
  type KeySource,
  listBackups,
  repairTarget,
  restoreBackup,
  verifyBackup,
} from '../../src/index.ts';
import { at, copyOf } from '../backup/small-place.ts';
import { tempFolder } from '../make-database.ts';
import { CountingTarget } from './counting-target.ts';
import { encryption, EncryptedPlace, identity, keys, keysOf, place } from './encrypted-place.ts';

const here = new EncryptedPlace();
/** A full backup and two incremental ones, and what the database was at each. */
const base = new MemoryStore();
const made: BackupReport[] = [];
const contents = new Map<string, Buffer>();
const FULL = 'backup_20260101_000000';
const LAST = 'backup_20260103_000000';

beforeAll(async () => {
  for (const day of [1, 2, 3]) {
    if (day > 1) here.change(day);
    const report = await here.backUp([place(base)], day);
    made.push(report);
    contents.set(report.backup, await here.content());
  }
});
afterAll(() => here[Symbol.dispose]());

const archiveOf = (store: MemoryStore, name: string): Buffer =>
  Buffer.from(store.objects.get(`${name}.tar.zst.age`) ?? []);

async function restored(store: MemoryStore, name: string, by: KeySource = keys): Promise<Buffer> {
  using into = tempFolder();
  const restoreDir = join(into.path, 'restored');
  await restoreBackup(place(store), name, { restoreDir, keys: by });
  return readFileSync(join(restoreDir, 'data.duckdb'));
}

test('encrypted backups are full and incremental as plain ones, and every one restores what the database was', async () => {
  expect(made.map(({ kind, encrypted }) => [kind, encrypted])).toEqual([
    ['full', true],
    ['incremental', true],
    ['incremental', true],
  ]);
  expect(archiveOf(base, LAST).length).toBeLessThan(archiveOf(base, FULL).length / 10);
  for (const [name, content] of contents) expect((await restored(base, name)).equals(content)).toBe(true);
});

test.each(['archive', 'blocks', 'scan'] as const)('with a key they verify at level %s', async (level) => {
  for (const name of contents.keys()) {
    const report = await verifyBackup(place(copyOf(base)), name, { level, keys, tempDir: here.path });
    expect(report).toMatchObject({ ok: true, problems: [], notes: [] });
  }
});

test('nothing on the target says what is in them', async () => {
  const store = copyOf(base);
  await verifyBackup(place(store), LAST, { level: 'scan', keys, tempDir: here.path });
  expect([...store.objects.keys()]).toContain(`${LAST}.verified.json`);
  for (const [key, bytes] of store.objects) {
    const text = Buffer.from(bytes).toString('latin1');
    // None so short that chance writes it.
    for (const secret of ['data.duckdb', here.path, 'iteration', 'contentHash'])
      expect(text.includes(secret), `${secret} in ${key}`).toBe(false);
  }
});

describe('without a key', () => {
  test('backups are listed, with sizes, recipients and what they need', async () => {
    const listed = await listBackups(place(base));
    expect(listed.map(({ name }) => name)).toEqual([...contents.keys()].toReversed());
    for (const summary of listed) {
      expect(summary).toMatchObject({ encrypted: true, databases: [], failedCount: 0 });
      expect(summary.recipients).toEqual(encryption.recipients.map(({ fingerprint }) => fingerprint));
      expect(summary.damaged).toBeUndefined();
      expect(summary.sizeBytes).toBe(contents.get(summary.name)?.length);
    }
    expect(listed[0]?.dependsOn).toContain(`${FULL}.tar.zst.age`);
  });

  test('level archive compares the stored bytes, and says that it could do no more', async () => {
    const report = await verifyBackup(place(base), LAST, { level: 'archive' });
    expect(report).toMatchObject({ ok: true, problems: [] });
    expect(report.notes).toEqual([expect.stringContaining('takes a key')]);
    const key = `${LAST}.tar.zst.age`;
    for (const at of [30, 150, 500, (base.objects.get(key)?.length ?? 0) - 1]) {
      const store = copyOf(base);
      const bytes = Buffer.from(store.objects.get(key) ?? []);
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      store.set(key, bytes);
      expect(await verifyBackup(place(store), LAST, { level: 'archive' }), `byte ${at}`).toMatchObject({
        ok: false,
        problems: [{ code: 'BACKUP_DAMAGED', object: key }],
      });
    }
  });

  test.each(['blocks', 'scan'] as const)('level %s is refused', async (level) => {
    await expect(verifyBackup(place(base), LAST, { level })).rejects.toMatchObject({
      code: 'KEY_REQUIRED',
      exitCode: 2,
    });
  });

  test('a restore is refused, and another key is told from a damaged backup', async () => {
    await expect(restored(base, LAST, keysOf())).rejects.toMatchObject({ code: 'KEY_REQUIRED' });
    const other = await generateIdentity();
    await expect(restored(base, LAST, keysOf(other))).rejects.toMatchObject({ code: 'KEY_WRONG' });
    await expect(
      verifyBackup(place(base), LAST, { level: 'blocks', keys: keysOf(other) }),
    ).rejects.toMatchObject({ code: 'KEY_WRONG', exitCode: 2 });
    // Without it this level would work.
    await expect(
      verifyBackup(place(base), LAST, { level: 'archive', keys: keysOf(other) }),
    ).rejects.toMatchObject({
      code: 'KEY_WRONG',
      message: expect.stringContaining('the key does not open'),
      hint: expect.stringContaining('level archive needs no key'),
    });
  });

  test('a key that does not open the base of a backup is no damage either', async () => {
    const store = copyOf(base);
    const archive = archiveOf(store, FULL);
    const other = await recipientOf(await generateIdentity());
    const { headerSize } = await readHeader({
      size: archive.length,
      read: async (offset, length) => archive.subarray(offset, offset + length),
    });
    const header = await rekeyHeader(archive, [identity], [other]);
    store.set(`${FULL}.tar.zst.age`, Buffer.concat([header, archive.subarray(headerSize)]));
    const { ok, problems } = await verifyBackup(place(store), LAST, { level: 'blocks', keys });
    expect(ok).toBe(false);
    expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(['KEY_WRONG']));
  });

  test('cleanup keeps what is needed and removes the rest', async () => {
    const store = copyOf(base);
    const { removed } = await cleanupBackups(place(store), { policy: { keepLast: 1 }, clock: at(60) });
    expect(removed.map(({ name }) => name).toSorted()).toEqual([...contents.keys()].slice(0, 2));
    expect((await restored(store, LAST)).equals(contents.get(LAST) ?? Buffer.alloc(0))).toBe(true);
  });

  test('a backup is copied with what it needs', async () => {
    const store = new MemoryStore();
    const report = await copyBackup(place(base), place(store, { name: 'b' }), LAST);
    const { dependsOn = [] } = (await listBackups(place(base)))[0] ?? {};
    expect(report.copied).toEqual([...dependsOn, `${LAST}.tar.zst.age`]);
    expect((await restored(store, LAST)).equals(contents.get(LAST) ?? Buffer.alloc(0))).toBe(true);
    expect((await copyBackup(place(base), place(store, { name: 'b' }), FULL)).copied).toEqual([]);
  });

  test('show tells no more than list', async () => {
    expect(await describeBackup(place(base), LAST)).toMatchObject({
      manifest: null,
      summary: { encrypted: true, databases: [] },
    });
    expect(await describeBackup(place(base), LAST, { keys })).toMatchObject({
      manifest: { databases: [{ name: 'data.duckdb' }] },
      summary: { databases: ['data.duckdb'] },
    });
  });
});

describe.each(['zstd', 'gzip', 'none'] as const satisfies Compression['algorithm'][])(
  'with %s',
  (algorithm) => {
    test('lost manifests and indexes are made again with a key', async () => {
      const store = new MemoryStore();
      const memoryDir = join(here.path, `memory-${algorithm}`);
      const compression = { algorithm };
      const { backup } = await here.backUp([place(store)], 1, { compression, memoryDir });
      const extension = { zstd: '.tar.zst.age', gzip: '.tar.gz.age', none: '.tar.age' }[algorithm];
      expect([...store.objects.keys()]).toContain(`${backup}${extension}`);
      const content = await here.content();
      expect((await restored(store, backup)).equals(content)).toBe(true);
      store.remove(`${backup}.json`);
      const locked = await repairTarget(place(store), { clock: at(9) });
      expect(locked).toMatchObject({ repaired: [], locked: [{ backup, error: { code: 'KEY_REQUIRED' } }] });
      const { repaired } = await repairTarget(place(store, { encryptedOnly: true }), {
        clock: at(9),
        keys,
        encryption,
      });
      expect(repaired).toEqual([{ backup, what: 'manifest', as: backup }]);
      expect((await restored(store, backup)).equals(content)).toBe(true);
      expect(await verifyBackup(place(store), backup, { level: 'blocks', keys })).toMatchObject({ ok: true });
    });
  },
);

test('of an archive only the pieces are read that hold what is wanted', async () => {
  const target = new CountingTarget({ store: base });
  using into = tempFolder();
  await restoreBackup({ name: 'memory', target }, LAST, { restoreDir: join(into.path, 'r'), keys });
  const own = target.bytesOf(`${LAST}.tar.zst.age`);
  const full = target.bytesOf(`${FULL}.tar.zst.age`);
  const size = base.objects.get(`${FULL}.tar.zst.age`)?.length ?? 0;
  expect(own).toBeGreaterThan(0);
  // Everything once, and the pieces at the borders of ranges twice.
  expect(full).toBeLessThan(size * 1.3);

  target.forget();
  // All of it, once: a verification of another backup in the same run does not read it again.
  const proven = new Set<string>();
  for (const backup of [LAST, FULL, LAST])
    await verifyBackup({ name: 'memory', target }, backup, { level: 'archive', proven });
  expect(target.bytesOf(`${FULL}.tar.zst.age`)).toBe(2 * size);
});

test('targets with the same base get the same bytes, others have a key of their own, and all restore', async () => {
  const [a, b] = [new MemoryStore(), copyOf(base)];
  const both = [place(a, { name: 'a' }), place(b, { name: 'b' })];
  const memoryDir = join(here.path, 'memory-several');
  const first = await here.backUp(both, 5, { memoryDir });
  expect(first.kind).toBe('full');
  expect(archiveOf(a, first.backup).equals(archiveOf(b, first.backup))).toBe(true);
  // One misses a backup: from then on the two have different bases.
  here.change(6);
  await here.backUp(both.slice(0, 1), 6, { memoryDir });
  here.change(7);
  const third = await here.backUp(both, 7, { memoryDir });
  expect(third.kind).toBe('incremental');
  const [mine, other] = [archiveOf(a, third.backup), archiveOf(b, third.backup)];
  expect(mine.subarray(0, 200).equals(other.subarray(0, 200))).toBe(false);
  const content = await here.content();
  for (const store of [a, b]) expect((await restored(store, third.backup)).equals(content)).toBe(true);
});

test('several recipients: each of them alone restores', async () => {
  const others = [await generateIdentity(), await generateIdentity()];
  const recipients = await Promise.all(others.map(recipientOf));
  const store = new MemoryStore();
  const { backup } = await here.backUp([place(store)], 1, {
    encryption: { recipients },
    memoryDir: `${here.path}/m3`,
  });
  const content = await here.content();
  for (const other of others)
    expect((await restored(store, backup, keysOf(other))).equals(content)).toBe(true);
  await expect(restored(store, backup, keysOf(identity))).rejects.toMatchObject({ code: 'KEY_WRONG' });
});

test('a passphrase: every backup is full, and says why', async () => {
  const store = new MemoryStore();
  const by = { encryption: { recipients: [passphraseRecipient('corvid-lemon', { logN: 10 })] } };
  const memoryDir = join(here.path, 'memory-passphrase');
  await here.backUp([place(store)], 1, { ...by, memoryDir });
  const { backup, kind } = await here.backUp([place(store)], 2, { ...by, memoryDir });
  expect(kind).toBe('full');
  expect(here.messages.join()).toContain('passphrase');
  const content = await here.content();
  const restoredBytes = await restored(store, backup, keysOf(passphraseIdentity('corvid-lemon')));
  expect(restoredBytes.equals(content)).toBe(true);
});
