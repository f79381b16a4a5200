import { renameSync, rmSync, writeFileSync } from 'node:fs';

import { runSql } from '@quackup/fixtures';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { rawServer } from '../../../packages/notify/test/support/raw-server.ts';
import { CliPlace } from './support/cli-place.ts';

let place: CliPlace;
beforeEach(async () => {
  place = await CliPlace.create();
});
afterEach(() => place[Symbol.dispose]());

/** Text, performance data and a label with its numbers, as monitors read them. */
const FIRST_LINE =
  /^QUACKUP (?:OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+(?: \| (?:[^ =']+=-?[\d.]+(?:s|B)?(?:;[\d.]*){0,4} ?)+)?$/;

const firstLine = (stdout: string): string => stdout.split('\n')[0] ?? '';

test('OK with a young backup, CRITICAL with an old one or none', async () => {
  const none = await place.runText('status');
  expect([none.status, firstLine(none.stdout)]).toEqual([
    2,
    'QUACKUP CRITICAL - local has no complete backup | local_backups=0;;;0 local_stored=0B;;;0',
  ]);
  await place.run('daily');
  place.now = new Date('2026-01-02T03:00:00Z');
  const good = await place.runText('status', '--max-age', '26h');
  expect(good.status).toBe(0);
  expect(firstLine(good.stdout)).toMatch(FIRST_LINE);
  expect(firstLine(good.stdout)).toContain('backup_20260101_020000 on local is 25 h old');
  expect(firstLine(good.stdout)).toContain('local_age=90000s;;93600;0');
  place.now = new Date('2026-01-02T05:00:00Z');
  const old = await place.run('status', '--max-age', '26h');
  expect(old.status).toBe(2);
  expect(old.json).toMatchObject({
    status: 'critical',
    exitCode: 2,
    maxAgeSeconds: 93_600,
    targets: [{ target: 'local', state: 'critical', backup: 'backup_20260101_020000', ageSeconds: 97_200 }],
    lastRun: { state: 'ok', outcome: 'success' },
  });
});

test('WARNING if the last run failed, or if the newest backup is not whole or of the future', async () => {
  place.configure('');
  await place.run('daily');
  renameSync(place.path('a.duckdb'), place.path('away.duckdb'));
  place.now = new Date('2026-01-01T12:00:00Z');
  await place.run('daily');
  const failed = await place.runText('status');
  expect(failed.status).toBe(1);
  expect(firstLine(failed.stdout)).toMatch(/WARNING - the last run failed: backup: .*a\.duckdb/);
  expect(firstLine(failed.stdout)).toMatch(FIRST_LINE);
  renameSync(place.path('away.duckdb'), place.path('a.duckdb'));
  place.now = new Date('2025-12-01T12:00:00Z');
  const future = await place.runText('status');
  expect(future.status).toBe(1);
  expect(future.stdout).toContain('of the future');
});

function both(access = 'full'): void {
  writeFileSync(
    place.path('quackup.yaml'),
    `databases: [a.duckdb, b.duckdb]\ntargets: { local: { type: local, path: b, access: ${access} } }\nbackup: { tempDir: . }\n`,
  );
}

describe('each database of the configuration counts for itself', () => {
  beforeEach(async () => {
    await runSql(place.path('b.duckdb'), ['CREATE TABLE t (i INTEGER)']);
    place.now = new Date(Date.now() + 60_000);
  });

  test('one that was never backed up is CRITICAL, however young the backup of the others', async () => {
    await place.run('daily');
    both();
    const { status, stdout } = await place.runText('status');
    expect(status).toBe(2);
    expect(firstLine(stdout)).toContain('CRITICAL - local has no backup of b.duckdb |');
  });

  test('one that is too old is CRITICAL and named, and one that failed is nothing against the others', async () => {
    both();
    await place.run('daily');
    const first = place.now;
    renameSync(place.path('b.duckdb'), place.path('away.duckdb'));
    place.tomorrow();
    await place.run('daily');
    const warned = await place.runText('status', '--max-age', '26h');
    expect([warned.status, firstLine(warned.stdout)]).toEqual([
      1,
      expect.stringContaining('without b.duckdb'),
    ]);
    place.now = new Date(first.getTime() + 30 * 3_600_000);
    const { status, json } = await place.run('status', '--max-age', '26h');
    expect(status).toBe(2);
    expect(json).toMatchObject({
      targets: [
        {
          message: expect.stringMatching(/, the last with b\.duckdb, is 30 h old$/) as string,
          ageSeconds: 108_000,
        },
      ],
    });
  });

  test('a target that is only written is judged by what daily wrote there', async () => {
    both('write-only');
    const none = await place.runText('status');
    expect([none.status, firstLine(none.stdout)]).toEqual([
      3,
      'QUACKUP UNKNOWN - local can only be written from here, and no run of daily on this machine made a complete backup there',
    ]);
    await place.run('daily');
    const good = await place.runText('status');
    expect(firstLine(good.stdout)).toMatch(
      /^QUACKUP OK - backup_\w+, the last that was written to local, is [01] min old/,
    );
    place.tomorrow(2);
    expect((await place.runText('status')).status).toBe(2);
  });
});

describe('UNKNOWN', () => {
  test.each([
    ['wrong usage', ['status', '--max-age', 'soon']],
    ['an unknown option', ['status', '--bogus']],
    ['a configuration that is not there', ['--config', 'nowhere.yaml', 'status']],
    ['a target that is not there', ['status', '--target', 'nowhere']],
  ])('for %s', async (_what, args) => {
    const { status, stdout } = await place.runText(...args);
    expect(status).toBe(3);
    expect(firstLine(stdout)).toMatch(/^QUACKUP UNKNOWN - /);
    expect((await place.run(...args)).json).toHaveProperty('error.code');
  });

  test('for a target that cannot be read, and one that does not answer', async () => {
    writeFileSync(place.path('b'), 'in the way');
    expect((await place.run('status')).status).toBe(3);
    rmSync(place.path('b'));
    await using hanging = await rawServer(() => {});
    place.configure('');
    writeFileSync(
      place.path('quackup.yaml'),
      `targets: { far: { type: s3, bucket: backups, endpoint: 'http://127.0.0.1:${hanging.port}', region: x, accessKeyId: a, secretAccessKey: b } }\n`,
    );
    const { status, stdout } = await place.runText('status', '--timeout', '1s');
    expect(status).toBe(3);
    expect(firstLine(stdout)).toBe('QUACKUP UNKNOWN - far cannot be read: no answer within 1 s');
  });
});
