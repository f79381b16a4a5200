import { expect, test } from 'vitest';

import { judgeTargetLeftovers } from '../../src/lib/doctor/checks/target-leftovers.ts';

const folder = (count: number): Parameters<typeof judgeTargetLeftovers>[1] => ({
  path: '/b',
  freeBytes: 1,
  unfinished: { count, bytes: 2048 },
});

test('a target on which nothing is left is well', () => {
  expect(judgeTargetLeftovers({ leftovers: [] }, undefined)).toMatchObject({ status: 'OK' });
  expect(judgeTargetLeftovers({ leftovers: [] }, folder(0))).toMatchObject({ status: 'OK' });
});

test.each([
  [['backup_1.tar.zst'], undefined, 0, 'have left 1 object of no backup (backup_1.tar.zst)', 'cleanup'],
  [['a', 'b', 'c', 'd'], undefined, 0, '4 objects of no backup (a, b, c, ...)', 'cleanup'],
  [[], folder(2), 0, '2 unfinished writes of 2.0 KiB', 'the next backup there'],
  [[], undefined, 1, '1 unfinished upload of more than a day ago', 'lifecycle rule'],
] as const)('what is left is counted: %j', (leftovers, of, uploads, message, hint) => {
  const verdict = judgeTargetLeftovers({ leftovers }, of, uploads);
  expect(verdict.status).toBe('WARN');
  expect(verdict.message).toContain(message);
  expect(verdict.hint).toContain(hint);
});
