import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Readable, Writable } from 'node:stream';

import { runSql } from '@quackup/fixtures';
import { isCronRunning } from '@quackup/schedule';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { runCli } from '../src/index.ts';

let folder = '';
let now = new Date();
let waited: readonly number[] = [];

const template = mkdtempSync(join(tmpdir(), 'quackup-template-'));
beforeAll(() =>
  runSql(join(template, 'a.duckdb'), ['CREATE TABLE t AS SELECT i FROM range(10) r(i)', 'CHECKPOINT']),
);
afterAll(() => rmSync(template, { recursive: true, force: true }));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quackup-schedule-'));
  now = new Date('2026-01-01T02:00:00Z');
  waited = [];
  copyFileSync(join(template, 'a.duckdb'), join(folder, 'a.duckdb'));
  configure();
  // A crontab of this test alone.
  writeFileSync(
    join(folder, 'crontab'),
    `#!/bin/sh\nf="${folder}/tab"\ncase "$*" in *-l) [ -f "$f" ] || { echo "no crontab for duck" >&2; exit 1; }; cat "$f";; *) cat > "$f";; esac\n`,
  );
  chmodSync(join(folder, 'crontab'), 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function configure(more = 'schedule: { at: "02:00", timeZone: UTC, jitter: 0s }'): void {
  writeFileSync(
    join(folder, 'quackup.yaml'),
    `databases: [a.duckdb]\ntargets: { local: { type: local, path: b } }\nlog: { file: q.log }\nbackup: { tempDir: . }\n${more}\n`,
  );
}

function into(add: (text: string) => void): Writable {
  return new Writable({
    write(piece: Buffer, _encoding, done) {
      add(piece.toString());
      done();
    },
  });
}

async function run(...args: readonly string[]): Promise<{
  status: number;
  json: Record<string, unknown>;
  err: string;
}> {
  let out = '';
  let err = '';
  const status = await runCli([...args, '--json'], {
    stdin: Readable.from([]),
    stdout: into((text) => (out += text)),
    stderr: into((text) => (err += text)),
    env: {
      HOME: folder,
      XDG_STATE_HOME: join(folder, 'state'),
      PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}`,
    },
    cwd: folder,
    now: () => now,
    random: () => {
      waited = [...waited, 0];
      return 0;
    },
    signal: new AbortController().signal,
  });
  return { status, json: JSON.parse(out) as Record<string, unknown>, err };
}

const cron = (verb: string, ...args: string[]): ReturnType<typeof run> =>
  run('schedule', verb, '--method', 'cron', ...args);
const crontab = (): string => readFileSync(join(folder, 'tab'), 'utf8');
const at = (text: string): void => {
  now = new Date(text);
};

describe('daily --if-due', () => {
  test('runs once for each time, makes up for missed ones with one run, and waits at random before', async () => {
    expect((await run('daily', '--if-due')).json).toMatchObject({ outcome: 'success' });
    at('2026-01-01T02:30:00Z');
    expect(await run('daily', '--if-due')).toMatchObject({ status: 0, json: { outcome: 'skipped' } });
    at('2026-01-02T01:59:59Z');
    expect((await run('daily', '--if-due')).json).toEqual({ outcome: 'skipped' });
    expect(waited).toHaveLength(1);
    // Off for a week.
    at('2026-01-09T14:00:00Z');
    expect((await run('daily', '--if-due')).json).toMatchObject({ outcome: 'success' });
    at('2026-01-09T15:00:00Z');
    expect((await run('daily', '--if-due')).json).toEqual({ outcome: 'skipped' });
    at('2026-01-10T02:00:00Z');
    expect((await run('daily', '--if-due')).json).toMatchObject({ outcome: 'success' });
  });

  test('counts a run that failed, so that it is not repeated every hour', async () => {
    configure('schedule: { at: "02:00", timeZone: UTC, jitter: 0s }\nverify: { daily: blocks }');
    rmSync(join(folder, 'a.duckdb'));
    expect((await run('daily', '--if-due')).status).toBe(1);
    at('2026-01-01T03:00:00Z');
    expect(await run('daily', '--if-due')).toMatchObject({ status: 0, json: { outcome: 'skipped' } });
  });

  test('looks at the backups where nothing is known of runs', async () => {
    await run('daily');
    rmSync(join(folder, 'state'), { recursive: true });
    at('2026-01-01T20:00:00Z');
    expect((await run('daily', '--if-due')).json).toEqual({ outcome: 'skipped' });
    rmSync(join(folder, 'state'), { recursive: true });
    at('2026-01-02T20:00:00Z');
    expect((await run('daily', '--if-due')).json).toMatchObject({ outcome: 'success' });
  });

  test('takes the schedule that it is given', async () => {
    configure('');
    expect(await run('daily', '--if-due')).toMatchObject({ status: 2, json: { error: { code: 'USAGE' } } });
    const args = ['daily', '--if-due', '0 2 * * *', '--jitter', '0s'];
    expect((await run(...args)).json).toMatchObject({ outcome: 'success' });
    expect((await run(...args)).json).toEqual({ outcome: 'skipped' });
  });

  test('of two at once one works, and the other has nothing to do', async () => {
    const both = await Promise.all([run('daily', '--if-due'), run('daily', '--if-due')]);
    expect(both.map(({ status }) => status)).toEqual([0, 0]);
    const outcomes = new Set(both.map(({ json }) => json['outcome']));
    expect(outcomes).toEqual(new Set(['skipped', 'success']));
  });

  test('says like daily itself that its state cannot be written', async () => {
    writeFileSync(join(folder, 'state'), 'a file where a folder should be');
    expect(await run('daily', '--if-due')).toMatchObject({
      status: 1,
      json: { error: { code: 'STATE_FAILED' } },
    });
  });

  test('is refused with what it cannot be used with', async () => {
    expect((await run('daily', '--if-due', '--if-older', '20h')).status).toBe(2);
    expect((await run('daily', '--jitter', '5m')).status).toBe(2);
    expect((await run('daily', '--if-due', '--jitter', '2d')).status).toBe(2);
    expect((await run('daily', '--if-due', 'often')).json).toMatchObject({ error: { code: 'USAGE' } });
  });
});

describe.skipIf(process.platform === 'win32')('schedule', () => {
  test('install says if no cron daemon would run what is in the crontab', async () => {
    const runs = await isCronRunning({ root: '/' });
    const { json } = await cron('install');
    const idle = [expect.stringContaining('no cron daemon runs here') as string];
    expect(json).toMatchObject({ changed: true, advice: runs === false ? idle : [] });
  });

  test('install, show and remove: several configurations side by side, and lines of others stay', async () => {
    writeFileSync(join(folder, 'tab'), '0 1 * * * mine\n');
    expect(await cron('install', '--cron', '0 2 * * 1-5')).toMatchObject({
      status: 0,
      json: { method: 'cron', changed: true, dryRun: false },
    });
    writeFileSync(join(folder, 'other.yaml'), readFileSync(join(folder, 'quackup.yaml')));
    await cron('install', '--config', 'other.yaml');
    expect(crontab().match(/^# BEGIN quackup/gm)).toHaveLength(2);

    const { json } = await run('schedule', 'show');
    expect(json).toMatchObject({
      // The configuration says otherwise by now.
      schedules: [{ method: 'cron', state: 'different', cron: '0 2 * * 1,2,3,4,5' }],
    });
    expect((json as { schedules: { next: string[] }[] }).schedules[0]?.next).toHaveLength(5);
    expect((await cron('show', '--cron', '0 2 * * 1-5')).json).toMatchObject({
      schedules: [{ state: 'current' }],
    });

    // Also if the configuration is broken.
    configure('nonsense: true');
    expect((await cron('remove')).json).toMatchObject({ removed: ['cron'] });
    expect((await cron('remove')).json).toMatchObject({ removed: [] });
    expect(crontab().match(/^# BEGIN quackup/gm)).toHaveLength(1);
    await cron('remove', '--config', 'other.yaml');
    expect(crontab()).toBe('0 1 * * * mine\n');
  });

  test('--dry-run prints what would be, and does nothing', async () => {
    const { json } = await cron('install', '--at', '03:30', '--dry-run');
    expect(json).toMatchObject({ dryRun: true, changed: false });
    expect(json['planned']).toMatch(/^30 3 \* \* \* cd /m);
    expect(() => crontab()).toThrow(/ENOENT/);
    await cron('install');
    const before = crontab();
    expect((await cron('remove', '--dry-run')).json).toMatchObject({ dryRun: true, removed: ['cron'] });
    expect(crontab()).toBe(before);
  });

  test('what was missed before it was installed is not made up for', async () => {
    at('2026-01-01T12:00:00Z');
    await cron('install');
    expect((await run('daily', '--if-due')).json).toEqual({ outcome: 'skipped' });
    at('2026-01-02T02:00:00Z');
    expect((await run('daily', '--if-due')).json).toMatchObject({ outcome: 'success' });
  });

  test('warns of variables that the job would not have, and takes them from a file', async () => {
    writeFileSync(join(folder, 'env'), 'WHERE=b\n');
    configure('');
    writeFileSync(
      join(folder, 'quackup.yaml'),
      readFileSync(join(folder, 'quackup.yaml'), 'utf8').replace('path: b', 'path: "${WHERE}"'),
    );
    const { json } = await cron('install', '--env-file', 'env', '--dry-run');
    expect(JSON.stringify(json['advice'])).not.toContain('environment');
    expect(json['planned']).toContain(`--env-file=${join(folder, 'env')}`);
    expect((await cron('install', '--env-file', 'gone')).json).toMatchObject({ error: { code: 'USAGE' } });
  });

  test.each([
    [['--at', '25:00'], 'USAGE'],
    [['--cron', '0 2 30 2 *'], 'USAGE'],
    [['--at', '02:00', '--cron', '0 2 * * *'], 'USAGE'],
    [['--jitter', 'soon'], 'USAGE'],
    [['--method', 'at'], 'USAGE'],
    [['--config', 'gone.yaml'], 'CONFIG_NOT_FOUND'],
  ])('install %j is refused', async (args, code) => {
    expect(await run('schedule', 'install', ...args)).toMatchObject({ status: 2, json: { error: { code } } });
  });

  test.each([
    ['{ cron: "61 2 * * *" }'],
    ['{ cron: "0 0 30 2 *" }'],
    ['{ at: "02:00", timeZone: Europe/Berln }'],
  ])(
    'a schedule %s is refused by every command that reads the configuration, before anything is done',
    async (schedule) => {
      configure(`schedule: ${schedule}`);
      for (const command of ['backup', 'daily', 'list'])
        expect(await run(command), command).toMatchObject({
          status: 2,
          json: {
            error: { code: 'CONFIG_INVALID', message: expect.stringContaining('quackup.yaml:5:') as string },
          },
        });
      expect((await run('status')).status).toBe(3);
      expect(existsSync(join(folder, 'b'))).toBe(false);
    },
  );

  test('a time in the configuration that never comes is refused with its place', async () => {
    configure('schedule: { cron: "0 2 30 2 *" }');
    expect((await cron('show')).json).toMatchObject({
      error: { code: 'CONFIG_INVALID', message: expect.stringContaining('quackup.yaml:5:') as string },
    });
  });
});

test.each([
  [['--listen', '127.0.0.1'], 'USAGE'],
  [['--listen', '127.0.0.1:70000'], 'USAGE'],
  [['--grace', 'long'], 'USAGE'],
  [['--config', 'gone.yaml'], 'CONFIG_NOT_FOUND'],
])('daemon %j does not start', async (args, code) => {
  expect(await run('daemon', ...args)).toMatchObject({ status: 2, json: { error: { code } } });
});
