import { expect, test } from 'vitest';

import { DiskPace } from '../../src/lib/snapshot/disk-pace.ts';

const MIB = 1024 * 1024;

/** A disk that takes a portion, and a clock that goes on, when they are told to. */
class FakeDisk {
  nowMs = 0;
  readonly syncs: PromiseWithResolvers<void>[] = [];
  readonly pauses: { readonly milliseconds: number; end(): void }[] = [];

  readonly flush = (): Promise<void> => {
    const sync = Promise.withResolvers<void>();
    this.syncs.push(sync);
    return sync.promise;
  };

  readonly now = (): number => this.nowMs;

  readonly pause = (milliseconds: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.pauses.push({ milliseconds, end: resolve });
    return promise;
  };

  /** Lets everything happen that waits for nothing. */
  async rest(): Promise<void> {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

test('every portion goes to the disk, one at a time, and it rests as long as it took', async () => {
  const disk = new FakeDisk();
  const pace = new DiskPace({ portion: MIB, flush: disk.flush, clock: disk });
  pace.wrote(MIB - 1);
  expect(pace.isBusy).toBe(false);
  await pace.settled();
  pace.wrote(1);
  expect(pace.isBusy).toBe(true);
  // What is written before the disk is done is of the next portion.
  pace.wrote(2 * MIB);
  expect(disk.syncs).toHaveLength(1);
  disk.nowMs = 30;
  disk.syncs[0]?.resolve();
  await disk.rest();
  expect(disk.pauses).toMatchObject([{ milliseconds: 30 }]);
  expect(pace.isBusy).toBe(true);
  disk.pauses[0]?.end();
  await pace.settled();
  expect(pace.isBusy).toBe(false);
  pace.wrote(1);
  expect(disk.syncs).toHaveLength(2);
});

test('what the disk took for the writes themselves counts too, in their own portion', async () => {
  const disk = new FakeDisk();
  const pace = new DiskPace({ portion: MIB, flush: disk.flush, clock: disk });
  pace.wrote(MIB / 2, 5);
  pace.wrote(MIB / 2, 7);
  pace.wrote(MIB / 2, 100);
  disk.nowMs = 3;
  disk.syncs[0]?.resolve();
  await disk.rest();
  expect(disk.pauses).toMatchObject([{ milliseconds: 5 + 7 + 3 }]);
});

test('what the disk says is not lost if nobody waits, and is said again', async () => {
  const disk = new FakeDisk();
  const pace = new DiskPace({ portion: MIB, flush: disk.flush, clock: disk });
  pace.wrote(MIB);
  disk.syncs[0]?.reject(new Error('EIO'));
  await disk.rest();
  expect(pace.isBusy).toBe(false);
  await expect(pace.settled()).rejects.toThrow('EIO');
  await expect(pace.settled()).rejects.toThrow('EIO');
});
