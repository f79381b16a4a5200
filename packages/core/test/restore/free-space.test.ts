import { tmpdir } from 'node:os';

import { expect, test } from 'vitest';

import { checkFreeSpace } from '../../src/lib/restore/write-set.ts';

test('what helps where there is no room depends on what the room is for', async () => {
  const code = 'NO_SPACE';
  const hint = (text: string): unknown => ({ code, hint: expect.stringContaining(text) as string });
  await expect(checkFreeSpace(tmpdir(), 2 ** 60)).rejects.toMatchObject(hint('--restore-dir') as object);
  await expect(checkFreeSpace(tmpdir(), 2 ** 60, 'scan')).rejects.toMatchObject(
    hint('backup.tempDir') as object,
  );
});
