import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { expect, test } from 'vitest';

import { isProcessAlive, ownProcessStart, processStart } from '../../src/lib/process/process-identity.ts';

test('a process is alive as long as it runs, and another one with its id is not it', async () => {
  const child = spawn('sleep', ['60']);
  const pid = child.pid ?? 0;
  const start = (await processStart(pid)) ?? -1;
  expect(await isProcessAlive(pid, start)).toBe(true);
  expect(await isProcessAlive(pid, start - 1)).toBe(false);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await isProcessAlive(pid, start)).toBe(false);
  expect(await isProcessAlive(process.pid, await ownProcessStart())).toBe(true);
});
