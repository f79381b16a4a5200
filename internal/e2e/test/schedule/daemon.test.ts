import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { DISTURBED_TARGET, makeSource, Place } from '../support/place.ts';
import { startQuackup } from '../support/run-quackup.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { DaemonProcess } from './daemon-process.ts';

const templates = await tempFolder();
const template = join(templates.path, 'small.duckdb');
beforeAll(() => makeSource(template));
afterAll(() => templates[Symbol.asyncDispose]());

const SCHEDULE = 'schedule: { cron: "0 2 1 1 *", timeZone: UTC, jitter: 0s }';
const LOCAL = 'targets: { a: { type: local, path: backups } }';
const WAITING = `targets: { a: { type: "${DISTURBED_TARGET}", path: backups, behaviour: wait-put } }`;
const DATABASES = 'databases: [data/my.duckdb]';

async function get(
  address: unknown,
  path: string,
  method = 'GET',
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`http://${String(address)}${path}`, { method });
  const text = await response.text();
  return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text };
}

test('a daemon answers, reads its configuration again at SIGHUP, keeps the old one if the new is broken, and stops', async () => {
  await using place = await Place.make(template);
  await place.configure(DATABASES, LOCAL, SCHEDULE);
  await using daemon = new DaemonProcess(place.path);
  const { listen } = await daemon.next('started');
  // The good backup is younger than the last time of the schedule: none was missed.
  const { next } = await daemon.next('waiting');
  expect(String(next)).toMatch(/-01-01T02:00:00.000Z$/);
  expect(await get(listen, '/healthz')).toMatchObject({
    status: 200,
    body: {
      status: 'ok',
      config: { problem: null },
      schedule: { cron: '0 2 1 1 *', timeZone: 'UTC' },
      running: null,
      lastRun: null,
      nextRun: next,
    },
  });
  expect(await get(listen, '/healthz', 'HEAD')).toEqual({ status: 200, body: '' });
  expect((await get(listen, '/healthz', 'POST')).status).toBe(405);
  expect((await get(listen, '/constructor')).status).toBe(404);

  await place.configure(DATABASES, LOCAL, 'schedule: { at: "25:00" }');
  daemon.kill('SIGHUP');
  expect((await daemon.next('reload-failed')).message).toContain('quackup.yaml:4:');
  expect(await get(listen, '/healthz')).toMatchObject({
    status: 200,
    body: {
      config: { problem: expect.stringContaining('02:00') as string },
      schedule: { cron: '0 2 1 1 *' },
    },
  });

  await place.configure(DATABASES, LOCAL, 'schedule: { cron: "0 3 1 1 *", timeZone: UTC }');
  daemon.kill('SIGHUP');
  await daemon.next('reloaded');
  expect(await get(listen, '/healthz')).toMatchObject({
    body: { config: { problem: null }, schedule: { cron: '0 3 1 1 *' } },
  });

  daemon.kill('SIGTERM');
  await daemon.next('stopped');
  expect(await daemon.exitCode()).toBe(0);
  expect(await place.expectSurvived()).toEqual([]);
});

test('a daemon makes up for a missed run when it starts; stopped meanwhile it lets the run end within its grace', async () => {
  await using place = await Place.make(template, 'elsewhere');
  await place.configure(DATABASES, WAITING, SCHEDULE);
  await using daemon = new DaemonProcess(place.path, '--grace', '10m');
  const { listen } = await daemon.next('started');
  await daemon.next('begun');
  await place.waitForFile('backups.waiting');
  expect(await get(listen, '/healthz')).toMatchObject({ status: 200, body: { running: {}, nextRun: null } });
  daemon.kill('SIGTERM');
  await daemon.next('stopping');
  expect(await get(listen, '/healthz')).toMatchObject({ status: 503, body: { status: 'stopping' } });
  await writeFile(join(place.path, 'backups.go'), '');
  expect(await daemon.next('ended')).toMatchObject({ outcome: 'success', exitCode: 0 });
  expect(await daemon.exitCode()).toBe(0);

  // Nothing is left to be made up for.
  await using again = new DaemonProcess(place.path);
  const { listen: at } = await again.next('started');
  await again.next('waiting');
  const { status, body } = await get(at, '/metrics');
  expect(status).toBe(200);
  expect(body).toMatch(/^quackup_last_success_timestamp_seconds(\{.*\})? [1-9]/m);
  again.kill('SIGTERM');
  expect(await again.exitCode()).toBe(0);
});

test('a run that does not end within the grace is aborted, leaves nothing, and is made up for by the next daemon', async () => {
  await using place = await Place.make(template);
  await place.configure(DATABASES, WAITING.replace('path: backups', 'path: other'), SCHEDULE);
  await using daemon = new DaemonProcess(place.path, '--grace', '0s');
  await daemon.next('begun');
  await place.waitForFile('other.waiting');
  daemon.kill('SIGTERM');
  expect(await daemon.next('ended')).toMatchObject({ outcome: 'interrupted', exitCode: 130, backup: null });
  await daemon.next('stopped');
  expect(await daemon.exitCode()).toBe(0);
  await place.expectSourceUntouched();

  await writeFile(join(place.path, 'other.go'), '');
  await using next = new DaemonProcess(place.path);
  expect(await next.next('ended')).toMatchObject({ outcome: 'success' });
  next.kill('SIGTERM');
  expect(await next.exitCode()).toBe(0);
});

test.each([
  [['--listen', '127.0.0.1'], 2],
  // A port below 1024 of an address that is not this machine's.
  [['--listen', '192.0.2.1:80'], 1],
])('a daemon with %j does not start', async (args, status) => {
  await using folder = await tempFolder();
  await writeFile(join(folder.path, 'quackup.yaml'), 'databases: [a.duckdb]\n');
  expect(await startQuackup(folder.path, ['daemon', ...args]).ended).toMatchObject({ status, stdout: '' });
});
