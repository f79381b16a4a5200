import { setTimeout as sleep } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { Silence } from '../../src/lib/snapshot/silence.ts';

const refusing = (code: string): { readonly sync: () => Promise<void> } => ({
  sync: async () => {
    throw Object.assign(new Error(code), { code });
  },
});

test('silence counts from when the disk has everything', async () => {
  const disk = Promise.withResolvers<void>();
  const silence = new Silence({ sync: () => disk.promise }, 'linux');
  await sleep(30);
  expect(silence.watchedMs).toBe(0);
  disk.resolve();
  await silence.begun();
  expect(silence.watchedMs).toBeLessThan(30);
  await sleep(30);
  expect(silence.watchedMs).toBeGreaterThanOrEqual(29);
  expect(silence.isVoid).toBe(false);
});

test.each(['EIO', 'ENOSPC', 'EDQUOT', 'EBADF'])('it never counts if the disk says %s', async (code) => {
  const silence = new Silence(refusing(code), 'linux');
  await silence.begun();
  expect(silence.isVoid).toBe(true);
  await sleep(5);
  expect(silence.watchedMs).toBe(0);
});

test.each(['EINVAL', 'ENOSYS', 'EROFS'])(
  'it counts at once where nobody can wait for the disk: %s',
  async (code) => {
    const silence = new Silence(refusing(code), 'linux');
    await silence.begun();
    await sleep(5);
    expect(silence.isVoid).toBe(false);
    expect(silence.watchedMs).toBeGreaterThan(0);
  },
);

test('on Windows, where what is read has no writer, it counts at once', async () => {
  const silence = new Silence(refusing('EPERM'), 'win32');
  await silence.begun();
  await sleep(5);
  expect(silence.watchedMs).toBeGreaterThan(0);
});
