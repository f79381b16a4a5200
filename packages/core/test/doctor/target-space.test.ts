import { expect, test } from 'vitest';

import { judgeTargetSpace } from '../../src/lib/doctor/checks/target-space.ts';

const MIB = 1_048_576;
const judge = (freeBytes: number, nextFullBytes: number) =>
  judgeTargetSpace({ path: '/backups', freeBytes }, nextFullBytes);

test('there should be room for two full backups, and must be for one', () => {
  expect(judge(20 * MIB, 10 * MIB).status).toBe('OK');
  expect(judge(20 * MIB - 1, 10 * MIB).status).toBe('WARN');
  expect(judge(10 * MIB - 1, 10 * MIB)).toMatchObject({
    status: 'FAILED',
    message: expect.stringContaining('the next full backup takes about 10'),
  });
});

test('nothing is said of the next backup where no database tells how large it will be', () => {
  expect(judge(20 * MIB, 0).message).toMatch(/^\/backups has 20\S* MiB free$/);
});
