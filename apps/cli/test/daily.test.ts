import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';

import { runSql } from '@quackup/fixtures';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { runCli } from '../src/index.ts';
import { RunLog } from '../src/lib/log/run-log.ts';
import { currentMetrics } from '../src/lib/metrics/current-metrics.ts';
import { stateFolder } from '../src/lib/state/state-folder.ts';
import { parseExposition } from './metrics/strict-exposition.ts';

let folder = '';
let now = new Date('2026-01-01T02:00:00Z');

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'quackup-daily-'));
  now = new Date('2026-01-01T02:00:00Z');
  await runSql(join(folder, 'a.duckdb'), ['CREATE TABLE t AS SELECT i FROM range(1000) r(i)']);
  writeFileSync(
    join(folder, 'quackup.yaml'),
    'databases: [a.duckdb]\ntargets: { local: { type: local, path: b } }\nlog: { file: logs/q.log, format: json }\nbackup: { tempDir: . }\n',
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function run(...args: readonly string[]): Promise<{ status: number; json: Record<string, unknown> }> {
  let out = '';
  const stdout = new Writable({
    write(piece: Buffer, _encoding, done) {
      out += piece.toString();
      done();
    },
  });
  const status = await runCli([...args, '--json'], {
    stdin: Readable.from([]),
    stdout,
    stderr: new Writable({ write: (_piece, _encoding, done) => done() }),
    env: { ...process.env, XDG_STATE_HOME: join(folder, 'state'), HOME: folder },
    cwd: folder,
    now: () => now,
    signal: new AbortController().signal,
  });
  return { status, json: JSON.parse(out) as Record<string, unknown> };
}

const log = (): Record<string, unknown>[] =>
  readFileSync(join(folder, 'logs/q.log'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('daily backs up, verifies, cleans up, and says so in its log', async () => {
  const { status, json } = await run('daily');
  expect(status).toBe(0);
  expect(json).toMatchObject({
    outcome: 'success',
    backup: { backup: 'backup_20260101_020000', kind: 'full' },
    verified: [{ target: 'local', report: { ok: true, level: 'scan' } }],
    cleanups: [{ target: 'local' }],
    lastGood: [{ target: 'local', backup: 'backup_20260101_020000' }],
  });
  const lines = log();
  expect(lines.map(({ message }) => message)).toEqual(
    expect.arrayContaining(['begun', 'backup backup_20260101_020000', 'verified on local', 'ended: success']),
  );
  expect(new Set(lines.map((line) => line['run'])).size).toBe(1);
});

test('a run that was missed is made up for, one that was not is not made twice', async () => {
  expect((await run('daily')).status).toBe(0);
  now = new Date('2026-01-01T10:00:00Z');
  expect(await run('daily', '--if-older', '20h')).toEqual({ status: 0, json: { outcome: 'skipped' } });
  now = new Date('2026-01-01T23:00:00Z');
  expect((await run('daily', '--if-older', '20h')).json).toMatchObject({ backup: { kind: 'incremental' } });
});

test('a failure ends with 1 and is in the log, and the last good backup is named', async () => {
  await run('daily');
  renameSync(join(folder, 'a.duckdb'), join(folder, 'b.duckdb'));
  now = new Date('2026-01-02T02:00:00Z');
  const { status, json } = await run('daily');
  expect(status).toBe(1);
  expect(json).toMatchObject({ outcome: 'failure', lastGood: [{ backup: 'backup_20260101_020000' }] });
  expect(log().at(-1)).toMatchObject({ level: 'error', message: 'ended: failure' });
});

test('a second run at the same time ends with 4, and does nothing', async () => {
  const [first, second] = await Promise.all([run('daily'), run('daily')]);
  expect([first.status, second.status].toSorted((a, b) => a - b)).toEqual([0, 4]);
});

test('options that say nothing are refused', async () => {
  expect((await run('daily', '--if-older', 'soon')).status).toBe(2);
  expect((await run('daily', '--log-format', 'xml')).status).toBe(2);
});

test('each configuration has a state folder of its own, where the system keeps such things', () => {
  const env = { HOME: '/home/duck', LOCALAPPDATA: 'C:\\Local' };
  const linux = stateFolder('/etc/quackup.yaml', env, 'linux');
  expect(linux).toMatch(/^\/home\/duck\/\.local\/state\/quackup\/[0-9a-f]{16}$/);
  expect(stateFolder('/srv/quackup.yaml', env, 'linux')).not.toBe(linux);
  expect(stateFolder('/etc/quackup.yaml', { ...env, XDG_STATE_HOME: '/state' }, 'linux')).toMatch(
    /^\/state\/quackup\//,
  );
  expect(stateFolder('/etc/quackup.yaml', env, 'darwin')).toMatch(
    /^\/home\/duck\/Library\/Application Support\/quackup\//,
  );
  expect(stateFolder('/etc/quackup.yaml', env, 'win32')).toContain('C:\\Local');
});

test('a metrics file is written as a whole, for others to read, and the age is there when somebody asks', async () => {
  appendFileSync(join(folder, 'quackup.yaml'), 'metrics: { file: quackup.prom }\n');
  expect((await run('daily')).status).toBe(0);
  const file = join(folder, 'quackup.prom');
  const series = parseExposition(readFileSync(file, 'utf8'));
  expect(series).toContainEqual({ name: 'quackup_runs_total', labels: { outcome: 'success' }, value: 1 });
  expect(series).toContainEqual({ name: 'quackup_target_ok', labels: { target: 'local' }, value: 1 });
  expect(series).toContainEqual({
    name: 'quackup_verify_ok',
    labels: { target: 'local', level: 'scan' },
    value: 1,
  });
  expect(statSync(file).mode & 0o777).toBe(0o644);
  expect(readdirSync(folder).filter((name) => name.endsWith('.new'))).toEqual([]);

  renameSync(join(folder, 'a.duckdb'), join(folder, 'b.duckdb'));
  now = new Date('2026-01-02T02:00:00Z');
  expect((await run('daily')).status).toBe(1);
  const state = stateFolder(join(folder, 'quackup.yaml'), { XDG_STATE_HOME: join(folder, 'state') });
  const live = parseExposition(await currentMetrics(state, new Date('2026-01-03T02:00:00Z')));
  expect(live).toContainEqual({ name: 'quackup_runs_total', labels: { outcome: 'failure' }, value: 1 });
  expect(live).toContainEqual({ name: 'quackup_database_ok', labels: { database: 'a.duckdb' }, value: 0 });
  const age = live.find(({ name }) => name === 'quackup_last_success_age_seconds')?.value ?? 0;
  expect(age / 86_400).toBeCloseTo(2, 2);
});

test('a metrics file that cannot be written fails no backup', async () => {
  appendFileSync(join(folder, 'quackup.yaml'), 'metrics: { file: no/such/folder/quackup.prom }\n');
  expect((await run('daily')).status).toBe(0);
  expect(log()).toContainEqual(expect.objectContaining({ message: expect.stringContaining('quackup.prom') }));
});

test('a log that cannot be written any more ends nothing, and says why lines are missing', async () => {
  const logs = join(folder, 'logs');
  const options = {
    file: join(logs, 'q.log'),
    format: 'text',
    maxMegabytes: 1,
    keep: 2,
    runId: 'r',
    now: () => now,
  } as const;
  const failing = await RunLog.open(options);
  rmSync(logs, { recursive: true });
  writeFileSync(logs, 'where the folder was');
  // Enough to be moved aside, which fails now.
  for (let line = 0; line < 300; line += 1) failing.write('info', 'x'.repeat(10_000));
  await failing[Symbol.asyncDispose]();
  expect(failing.failure).toBeInstanceOf(Error);
  failing.write('info', 'nothing happens');
});
