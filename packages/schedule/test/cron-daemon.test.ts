import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { isCronRunning } from '../src/index.ts';
import { testMachine } from './support/test-machine.ts';

test.each([
  ['with a daemon', { 1: 'systemd', 77: 'cron' }, true],
  ['with another daemon', { 1: 'init', 12: 'crond' }, true],
  ['with none', { 1: 'tini', 8: 'node', 9: 'crontab' }, false],
  ['whose processes are hidden', { 8: 'node' }, undefined],
  ['without /proc', {}, undefined],
] as const)('whether cron runs on a machine %s', async (_what, processes, expected) => {
  await using machine = await testMachine();
  for (const [pid, name] of Object.entries(processes)) {
    await mkdir(join(machine.root, 'proc', pid), { recursive: true });
    await writeFile(join(machine.root, 'proc', pid, 'comm'), `${name}\n`);
  }
  expect(await isCronRunning(machine)).toBe(expected);
});

test('systemd reads crontabs without a daemon', async () => {
  await using machine = await testMachine();
  const folder = join(machine.root, 'usr/lib/systemd/system-generators');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'systemd-crontab-generator'), '');
  expect(await isCronRunning(machine)).toBe(true);
});
