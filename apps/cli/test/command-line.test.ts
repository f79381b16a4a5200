import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, expect, test } from 'vitest';

const BIN = fileURLToPath(new URL('../src/bin.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'quackup-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function quackup(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [BIN, ...args], { cwd: folder, encoding: 'utf8' });
}

test('--help names every command and loads nothing that backs up', () => {
  const { status, stdout } = quackup('--help');
  expect(status).toBe(0);
  for (const command of [
    'init',
    'backup',
    'list',
    'show',
    'verify',
    'restore',
    'cleanup',
    'daily',
    'copy',
    'import',
    'doctor',
    'repair',
    'target',
    'schedule',
    'daemon',
  ]) {
    expect(stdout).toContain(command);
  }
});

test('wrong usage ends with 2, and under --json with one JSON document', () => {
  expect(quackup('bogus').status).toBe(2);
  const { status, stdout } = quackup('verify', '--level', 'magic', '--json');
  expect(status).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'USAGE' } });
});

test('a missing database ends with 1 and a hint', () => {
  const { status, stderr } = quackup('backup', 'gone.duckdb');
  expect(status).toBe(1);
  expect(stderr).toContain('BACKUP_FAILED');
  expect(stderr.trim().split('\n').at(-1)).toMatch(/^try: /);
});

test('init writes a configuration that loads, and never over another', () => {
  expect(quackup('init', '--yes').status).toBe(0);
  expect(quackup('list', '--json').status).toBe(0);
  expect(quackup('init', '--yes').status).toBe(2);
});

test('an unknown key in the configuration is refused with its place', () => {
  writeFileSync(join(folder, 'bad.yaml'), 'databases: []\nretenton: {}\n');
  const { status, stderr } = quackup('list', '--config', 'bad.yaml');
  expect(status).toBe(2);
  expect(stderr).toContain('bad.yaml:2:1');
});

test('a command that is done ends by itself, without process.exit, which may wait for ever', () => {
  const tell =
    "const { exit } = process; process.exit = (code) => { process._rawDebug('forced'); exit(code); };";
  const run = spawnSync(process.execPath, ['--import', `data:text/javascript,${tell}`, BIN, 'list'], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(run.stderr).not.toContain('forced');
  expect(run.status).toBe(0);
});

test.each([
  ['restore', 'latest', '--database', 'x', '--database', 'z'],
  ['restore', 'latest', '--restore-dir', 'x', '--restore-dir=z'],
  ['verify', '--level', 'scan', '--level', 'archive'],
  ['list', '--target', 'x', '--target', 'z'],
  ['--config', 'x', 'list', '--config', 'z'],
])('an option that takes one value is not given two: %j', (...args) => {
  const { status, stderr } = quackup(...args);
  expect(status).toBe(2);
  const option = args.findLast((each) => each.startsWith('--'))?.replace(/=.*/, '');
  expect(stderr).toMatch(new RegExp(`^error USAGE: option '${option} <\\w+>' is there twice`));
});

test('an option that takes several values takes them, and one without a value may be said twice', () => {
  const { stderr } = quackup('init', '--quiet', '--quiet', '--yes', '--database', 'a', '--database', 'b');
  expect(stderr).toContain('quackup.yaml');
  expect(stderr).not.toContain('USAGE');
});

test.skipIf(process.platform === 'win32')('a run whose messages nobody reads ends as it would', () => {
  const run = spawnSync(
    'sh',
    [
      '-c',
      '("$0" "$@" 3>&1 >/dev/null 2>&3; echo $? > status) | true; cat status',
      process.execPath,
      BIN,
      'bogus',
    ],
    { cwd: folder, encoding: 'utf8' },
  );
  expect(run.stdout.trim()).toBe('2');
});
