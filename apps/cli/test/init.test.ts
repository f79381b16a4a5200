import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { loadConfig } from '@quackup/core';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { runCli } from '../src/index.ts';
import { findDatabases } from '../src/lib/init/find-databases.ts';
import { runIn } from './support/run-in.ts';

let folder = '';
const at = (name: string): string => join(folder, name);

/** What is enough to be taken for a database: nobody opens it here. */
const DATABASE = Buffer.concat([Buffer.alloc(8), Buffer.from('DUCK'), Buffer.alloc(500)]);

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'quackup-init-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('files of one name get names of their own; where they cannot, nothing is written', async () => {
  for (const name of ['a', 'b']) {
    mkdirSync(at(name));
    writeFileSync(at(`${name}/x.duckdb`), DATABASE);
  }
  const { status, stdout } = await runIn(folder, [
    'init',
    '--yes',
    ...['a/x.duckdb', './b/x.duckdb'].flatMap((path) => ['--database', path]),
  ]);
  expect([status, stdout]).toEqual([0, expect.stringContaining('(2 databases now)')]);
  expect((await loadConfig(at('quackup.yaml'), {})).databases).toMatchObject([
    { path: 'a/x.duckdb' },
    { path: './b/x.duckdb', name: 'b-x.duckdb' },
  ]);
  rmSync(at('quackup.yaml'));
  const refused = await runIn(folder, ['init', '--yes', '--database', '*/x.duckdb']);
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain('NAME_CONFLICT');
  expect(existsSync(at('quackup.yaml'))).toBe(false);
});

/** Answers one question after another, each when it is asked. */
async function answering(answers: readonly (readonly [RegExp, string])[]): Promise<{
  status: number;
  shown: string;
}> {
  const stdin = Object.assign(new PassThrough(), { isTTY: true as const });
  const stderr = new PassThrough();
  const stdout = new PassThrough().resume();
  let shown = '';
  let since = '';
  stderr.on('data', (piece: Buffer) => {
    shown += piece.toString();
    since += piece.toString();
  });
  const running = runCli(['init'], {
    stdin,
    stdout,
    stderr,
    env: { ...process.env, HOME: folder },
    cwd: folder,
    now: () => new Date(),
    signal: new AbortController().signal,
  });
  const ended = running.then(() => true);
  for (const [question, answer] of answers) {
    while (!question.test(since)) if (await Promise.race([ended, sleep(5, false)])) break;
    since = '';
    stdin.write(answer);
  }
  const status = await running;
  stderr.end();
  await finished(stderr);
  return { status, shown };
}

test('databases are found by what they begin with, a few levels deep, and nothing else', async () => {
  mkdirSync(at('data/deep/deeper/deepest'), { recursive: true });
  mkdirSync(at('.hidden'));
  mkdirSync(at('node_modules'));
  for (const name of [
    'b.db',
    'data/a.duckdb',
    'data/deep/deeper/c',
    'data/deep/deeper/deepest/too-deep.duckdb',
    '.hidden/d.duckdb',
    'node_modules/e.duckdb',
    'data/a.duckdb.bak-20260101_000000',
  ])
    writeFileSync(at(name), DATABASE);
  writeFileSync(at('text.duckdb'), 'no database');
  writeFileSync(at('data/a.duckdb.wal'), 'a WAL');
  expect((await findDatabases(folder)).map(({ path }) => path)).toEqual([
    'b.db',
    'data/a.duckdb',
    'data/deep/deeper/c',
  ]);
});

test('what is found is offered, and what is answered is written', async () => {
  mkdirSync(at('data'));
  writeFileSync(at('data/a b.duckdb'), DATABASE);
  const { status, shown } = await answering([
    [/Which of these/, '\r'],
    [/Any others\?/, 'more/*.db\r'],
    [/Folder for the backups/, '\r'],
    [/how many days/, '90\r'],
    [/every day at/, '03:30\r'],
  ]);
  expect(status, shown).toBe(0);
  const config = await loadConfig(at('quackup.yaml'), {});
  expect(config.databases.map(({ path }) => path)).toEqual(['data/a b.duckdb', 'more/*.db']);
  expect(config.retention).toEqual({ keepDays: 90, minCount: 5 });
  expect(config.schedule).toMatchObject({ at: '03:30' });
  expect(shown).toContain('matches no file');
});

test('Ctrl-C ends it, and nothing is written', async () => {
  const { status, shown } = await answering([[/Database to back up/, '\u0003']]);
  expect(status).toBe(130);
  expect(shown).toContain('INTERRUPTED');
  expect(() => readFileSync(at('quackup.yaml'))).toThrow('ENOENT');
});

test('with --yes nothing is asked, and a time that is none is refused', async () => {
  expect((await runIn(folder, ['init', '--yes', '--at', '25:00'])).status).toBe(2);
  const { status, stdout, stderr } = await runIn(folder, ['init', '--yes', '--at', '02:15']);
  expect(status).toBe(0);
  expect(stdout).toContain('quackup schedule install');
  expect(stderr).toContain('matches no file');
  expect((await loadConfig(at('quackup.yaml'), {})).schedule).toMatchObject({ at: '02:15' });
});

test('where there is nobody to ask it says so', async () => {
  const { status, stderr } = await runIn(folder, ['init']);
  expect(status).toBe(2);
  expect(stderr).toContain('there is nobody to ask');
});
