import { objectKey, type StorageTarget, TargetError, type UnfinishedUpload } from '@quackup/target-api';
import { MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import { expect, test } from 'vitest';

import { checkTarget } from '../../src/lib/target/check-target.ts';
import { named } from '../backup/small-place.ts';

const NOW = new Date('2026-01-10T12:00:00Z');
const clock = { now: () => NOW };

/** A target in memory whose backend keeps unfinished uploads, and removes them all at the first put. */
class UploadsTarget extends MemoryTarget {
  uploads: readonly UnfinishedUpload[];
  readonly failure: Error | undefined;

  constructor(uploads: readonly UnfinishedUpload[], failure?: Error) {
    super();
    this.uploads = uploads;
    this.failure = failure;
  }

  override put(...args: Parameters<StorageTarget['put']>): ReturnType<StorageTarget['put']> {
    this.uploads = [];
    return super.put(...args);
  }

  async *unfinishedUploads(): AsyncGenerator<UnfinishedUpload, void> {
    if (this.failure !== undefined) throw this.failure;
    yield* this.uploads;
  }
}

test('a target that keeps its promises is well, and nothing stays on it', async () => {
  const store = new MemoryStore();
  const report = await checkTarget(named(new MemoryTarget({ store })), { clock });
  expect(report).toMatchObject({ ok: true, unfinishedUploads: null });
  expect(report.steps.map(({ step }) => step)).toEqual([
    'write',
    'read',
    'read a range',
    'list',
    'put if absent',
    'delete',
  ]);
  expect(store.keys()).toEqual([]);
});

const upload = (key: string, at: string): UnfinishedUpload => ({
  key: objectKey(key),
  initiatedAt: new Date(at),
});

test('old uploads are found before the check itself makes the target remove them', async () => {
  const target = new UploadsTarget([
    upload('b', '2026-01-09T11:59:59Z'),
    upload('a', '2026-01-01T00:00:00Z'),
    upload('young', '2026-01-09T12:00:00Z'),
    upload('ahead', '2026-01-11T00:00:00Z'),
  ]);
  expect((await checkTarget(named(target), { clock })).unfinishedUploads).toEqual({
    count: 4,
    old: [
      { key: 'a', initiatedAt: '2026-01-01T00:00:00.000Z' },
      { key: 'b', initiatedAt: '2026-01-09T11:59:59.000Z' },
    ],
  });
});

test('not being allowed to look for them is said, and is no fault of the target', async () => {
  const failure = new TargetError('ACCESS_DENIED', 'not for you', { hint: 'ask' });
  const report = await checkTarget(named(new UploadsTarget([], failure)), { clock });
  expect(report).toMatchObject({ ok: true, unfinishedUploads: null });
  expect(report.steps[0]).toEqual({
    step: 'look for unfinished uploads',
    ok: true,
    message: 'ACCESS_DENIED: not for you (try: ask)',
  });
});
