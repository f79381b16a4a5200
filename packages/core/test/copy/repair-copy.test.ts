/** A copy puts right what is damaged on the target that it copies to. */
import { MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  copyBackup,
  type CopyOptions,
  type CopyReport,
  type NamedTarget,
  verifyBackup,
} from '../../src/index.ts';
import { copyOf } from '../backup/small-place.ts';
import { EncryptedPlace, keys, place } from '../encryption/encrypted-place.ts';

const FULL = 'backup_20260101_000000';
const INCREMENTAL = 'backup_20260102_000000';
const here = new EncryptedPlace(10_000);
afterAll(() => here[Symbol.dispose]());

const flipped = (bytes: Uint8Array, at = bytes.length - 20): Uint8Array =>
  bytes.map((byte, place) => (place === at ? byte ^ 1 : byte));
const to = (store: MemoryStore): NamedTarget => place(store, { name: 'b' });
const cut = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, -1);

describe.each([
  ['plain', 'none', '.tar.zst'],
  ['encrypted', undefined, '.tar.zst.age'],
] as const)('%s', (_what, encryption, extension) => {
  const base = new MemoryStore();
  const [own, earlier] = [`${INCREMENTAL}${extension}`, `${FULL}${extension}`];

  const copy = (target: NamedTarget, options: CopyOptions = {}): Promise<CopyReport> =>
    copyBackup(place(base), target, INCREMENTAL, options);
  const expectWhole = async (store: MemoryStore): Promise<void> => {
    expect((await verifyBackup(to(store), INCREMENTAL, { level: 'blocks', keys })).problems).toEqual([]);
    expect(store.objects).toEqual(base.objects);
  };

  beforeAll(async () => {
    for (const day of [1, 2]) {
      if (day > 1) here.change(day);
      await here.backUp([place(base)], day, { ...(encryption !== undefined && { encryption }) });
    }
  });

  test.each([
    ['cut off', cut],
    ['longer', (bytes: Uint8Array) => Buffer.concat([bytes, bytes])],
  ])('an archive that is %s is written again', async (_state, damage) => {
    for (const key of [own, earlier]) {
      const store = copyOf(base);
      store.change(key, damage);
      expect(await copy(to(store))).toMatchObject({ copied: [], replaced: [key] });
      await expectWhole(store);
    }
  });

  test('one of the same length is, if what is there is read', async () => {
    const store = copyOf(base);
    for (const key of [own, earlier]) store.change(key, flipped);
    const labels: string[] = [];
    const report = await copy(to(store), {
      repair: true,
      onProgress: (event) => {
        if (event.type === 'task-start') labels.push(event.label);
      },
    });
    expect(report).toMatchObject({ copied: [], replaced: [earlier, own], present: [] });
    expect(labels).toEqual([`checking ${earlier}`, `checking ${own}`, `copying ${INCREMENTAL}`]);
    await expectWhole(store);
    expect(await copy(to(store), { repair: true })).toMatchObject({ replaced: [], present: [earlier, own] });
  });

  test('what is known only by a backup that needs it is, too', async () => {
    const store = copyOf(base);
    store.remove(`${FULL}.json`);
    store.change(earlier, flipped);
    expect(await copy(to(store), { repair: true })).toMatchObject({ replaced: [earlier], present: [own] });
    store.change(earlier, cut);
    expect(await copy(to(store))).toMatchObject({ replaced: [earlier], present: [own] });
    expect((await verifyBackup(to(store), INCREMENTAL, { level: 'blocks', keys })).problems).toEqual([]);
  });

  test('a manifest that is damaged is replaced, if that is asked for', async () => {
    const store = copyOf(base);
    store.change(`${INCREMENTAL}.json`, cut);
    expect(await copy(to(store), { repair: true })).toMatchObject({ copied: [], replaced: [] });
    await expectWhole(store);
    // Nothing tells any more that the archive was this one.
    store.change(`${INCREMENTAL}.json`, cut);
    store.change(own, flipped);
    await expect(copy(to(store), { repair: true })).rejects.toMatchObject({ code: 'COPY_CONFLICT' });
  });

  test('where nothing may be replaced it is refused', async () => {
    const store = copyOf(base);
    store.change(own, cut);
    const before = store.objects;
    await expect(copy({ ...to(store), access: 'append-only' })).rejects.toMatchObject({
      code: 'TARGET_ACCESS',
    });
    expect(store.objects).toEqual(before);
  });

  test('without conditions of the target it is done all the same', async () => {
    const store = copyOf(base);
    store.change(own, flipped);
    const target = new MemoryTarget({ store, capabilities: { putIfAbsent: false, putIfMatch: false } });
    expect(await copy({ ...to(store), target }, { repair: true })).toMatchObject({ replaced: [own] });
    await expectWhole(store);
  });
});
