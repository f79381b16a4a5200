import { MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import { TargetError } from '@quackup/target-api';
import { afterAll, expect, test } from 'vitest';

import {
  checkTarget,
  cleanupBackups,
  copyBackup,
  describeBackup,
  listBackups,
  type NamedTarget,
  repairTarget,
  restoreBackup,
  verifyBackup,
} from '../../src/index.ts';
import { at } from '../backup/small-place.ts';
import { EncryptedPlace, keys, place } from './encrypted-place.ts';

const here = new EncryptedPlace();
afterAll(() => here[Symbol.dispose]());
const denied = async (): Promise<never> => {
  throw new TargetError('ACCESS_DENIED', 'the credentials do not allow it');
};

/** Credentials that may only put, and never what is there already. */
class PutOnlyTarget extends MemoryTarget {
  override get = denied;
  override stat = denied;
  override delete = denied;
  override list(): AsyncGenerator<never, void> {
    throw new Error('it must not even be asked');
  }
}

/** Credentials that may not delete. */
class NoDeleteTarget extends MemoryTarget {
  override delete = denied;
}

test('a backup needs no more than to put on a write-only target, and leaves two new objects', async () => {
  const store = new MemoryStore();
  const target: NamedTarget = {
    name: 'vault',
    target: new PutOnlyTarget({ store }),
    access: 'write-only',
    limits: { attempts: 1 },
  };
  const { backup, targets } = await here.backUp([target], 1);
  expect(targets).toEqual([{ name: 'vault', status: 'ok' }]);
  expect([...store.objects.keys()].toSorted()).toEqual([`${backup}.json`, `${backup}.tar.zst.age`]);
  expect(backup).toMatch(/^backup_20260101_000000_\d{5,6}$/);
  const [again] = [await here.backUp([target], 1)];
  expect(again.backup).not.toBe(backup);
  expect(await verifyBackup(place(store), backup, { level: 'blocks', keys })).toMatchObject({ ok: true });
});

test('what a write-only target cannot do is refused before it is asked', async () => {
  const target: NamedTarget = { name: 'vault', target: new PutOnlyTarget(), access: 'write-only' };
  const name = 'backup_20260101_000000';
  const attempts: Record<string, () => Promise<unknown>> = {
    list: () => listBackups(target),
    show: () => describeBackup(target, name),
    verify: () => verifyBackup(target, name, { level: 'archive' }),
    restore: () => restoreBackup(target, name, { restoreDir: here.path }),
    cleanup: () => cleanupBackups(target, { policy: { keepLast: 1 } }),
    repair: () => repairTarget(target),
    copy: () => copyBackup(target, place(new MemoryStore(), { name: 'b' }), name),
  };
  for (const [what, attempt] of Object.entries(attempts)) {
    await expect(attempt(), what).rejects.toMatchObject({ code: 'TARGET_ACCESS', exitCode: 2 });
  }
});

test('an append-only target takes backups and gives them back; cleanup and repair are refused', async () => {
  const store = new MemoryStore();
  const target: NamedTarget = {
    name: 'vault',
    target: new NoDeleteTarget({ store }),
    access: 'append-only',
  };
  const memoryDir = `${here.path}/memory-append`;
  const first = await here.backUp([target], 1, { memoryDir });
  const second = await here.backUp([target], 1, { memoryDir });
  expect([first.backup, second.backup]).toEqual(['backup_20260101_000000', 'backup_20260101_000000_2']);
  expect(second.kind).toBe('incremental');
  expect([...store.objects.keys()].filter((key) => key.startsWith('leases/'))).toEqual([]);
  expect(await verifyBackup(target, second.backup, { level: 'blocks', keys })).toMatchObject({ ok: true });
  expect(await listBackups(target)).toHaveLength(2);
  // What is recorded of a scan is never replaced, nor is a manifest by a copy of itself.
  const scan = { level: 'scan', keys, tempDir: here.path } as const;
  expect((await verifyBackup(target, second.backup, scan)).notes).toEqual([]);
  const before = new Map(store.objects);
  expect((await verifyBackup(target, second.backup, scan)).notes).toEqual([
    expect.stringContaining('nothing may be replaced'),
  ]);
  await copyBackup(place(store, { name: 'source' }), target, second.backup);
  expect(new Map(store.objects)).toEqual(before);
  await expect(cleanupBackups(target, { policy: { keepLast: 1 }, clock: at(9) })).rejects.toMatchObject({
    code: 'TARGET_ACCESS',
  });
  await expect(repairTarget(target)).rejects.toMatchObject({ code: 'TARGET_ACCESS' });
});

test('a check does what the access allows, and says so', async () => {
  const vault: NamedTarget = { name: 'vault', target: new PutOnlyTarget(), access: 'write-only' };
  const written = await checkTarget(vault);
  expect(written).toMatchObject({ ok: true, access: 'write-only', steps: [{ step: 'write', ok: true }] });
  const append = await checkTarget({ ...vault, target: new NoDeleteTarget(), access: 'append-only' });
  expect(append.ok).toBe(true);
  expect(append.steps.map(({ step }) => step)).not.toContain('delete');
});

test('where only encrypted backups may be, nothing writes a plain one', async () => {
  const plain = new MemoryStore();
  const { backup } = await here.backUp([place(plain)], 1, { encryption: 'none' });
  const store = new MemoryStore();
  const strict = place(store, { name: 'strict', encryptedOnly: true });
  await expect(here.backUp([strict], 1, { encryption: 'none' })).rejects.toMatchObject({
    code: 'PLAIN_REFUSED',
    exitCode: 2,
  });
  await expect(copyBackup(place(plain), strict, backup)).rejects.toMatchObject({ code: 'PLAIN_REFUSED' });
  expect([...store.objects.keys()]).toEqual([]);
  plain.remove(`${backup}.json`);
  const repaired = await repairTarget(place(plain, { encryptedOnly: true }));
  expect(repaired).toMatchObject({ repaired: [], damaged: [{ backup, error: { code: 'PLAIN_REFUSED' } }] });
  expect(plain.objects.has(`${backup}.json`)).toBe(false);
});

test('a plain backup from before is listed as such beside encrypted ones, read, and not built upon', async () => {
  const store = new MemoryStore();
  const memoryDir = `${here.path}/memory-mixed`;
  await here.backUp([place(store)], 1, { encryption: 'none', memoryDir });
  expect(await here.backUp([place(store, { encryptedOnly: true })], 2, { memoryDir })).toMatchObject({
    kind: 'full',
  });
  const listed = await listBackups(place(store));
  expect(listed.map(({ encrypted }) => encrypted)).toEqual([true, false]);
  for (const { name } of listed) {
    expect(await verifyBackup(place(store), name, { level: 'blocks', keys })).toMatchObject({ ok: true });
  }
  // And back: a plain one is not built upon an encrypted one either.
  expect(await here.backUp([place(store)], 3, { encryption: 'none', memoryDir })).toMatchObject({
    kind: 'full',
    encrypted: false,
  });
});
