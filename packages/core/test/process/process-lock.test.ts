import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { acquireProcessLock } from '../../src/index.ts';
import { tempFolder } from '../make-database.ts';

const CORE = fileURLToPath(new URL('../../src/index.ts', import.meta.url));

test('one at a time has the lock, and gives it back', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'daily.lock');
  {
    await using _lock = await acquireProcessLock(path, 'it');
    await expect(acquireProcessLock(path, 'it')).rejects.toMatchObject({
      code: 'LEASE_HELD',
      message: `it is running already (process ${process.pid}); nothing was done`,
    });
  }
  await using _again = await acquireProcessLock(path, 'it');
  expect(readdirSync(folder.path)).toEqual(['daily.lock']);
});

test('the lock of a process that was killed, or one that says nothing, counts for nothing', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'daily.lock');
  const script = `import { acquireProcessLock } from ${JSON.stringify(CORE)};
    await acquireProcessLock(${JSON.stringify(path)}, 'it');
    console.log('held');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  await expect(acquireProcessLock(path, 'it')).rejects.toMatchObject({ code: 'LEASE_HELD' });
  child.kill('SIGKILL');
  await once(child, 'exit');
  await (await acquireProcessLock(path, 'it'))[Symbol.asyncDispose]();
  writeFileSync(path, 'not JSON');
  await (await acquireProcessLock(path, 'it'))[Symbol.asyncDispose]();
  expect(readdirSync(folder.path)).toEqual([]);
});

test('of many that come at once one gets it', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'daily.lock');
  writeFileSync(path, 'left over');
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => acquireProcessLock(path, 'it')));
  expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(1);
});
