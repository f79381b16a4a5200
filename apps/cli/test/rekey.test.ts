import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';

import { runSql } from '@quackup/fixtures';
import { expect, onTestFinished, test } from 'vitest';

import { runCli } from '../src/index.ts';

interface Ran {
  readonly status: number;
  readonly json: Record<string, unknown>;
  readonly stderr: string;
}

const into = (add: (text: string) => void): Writable =>
  new Writable({
    write(piece: Buffer, _encoding, done) {
      add(piece.toString());
      done();
    },
  });

async function quackup(folder: string, ...args: readonly string[]): Promise<Ran> {
  let out = '';
  let stderr = '';
  const status = await runCli([...args, '--json'], {
    stdin: Readable.from([]),
    stdout: into((piece) => (out += piece)),
    stderr: into((piece) => (stderr += piece)),
    env: { ...process.env, XDG_STATE_HOME: join(folder, 'state'), HOME: folder },
    cwd: folder,
    now: () => new Date('2026-01-01T02:00:00Z'),
    signal: new AbortController().signal,
  });
  return { status, json: JSON.parse(out) as Record<string, unknown>, stderr };
}

/** All of an archive but its header. */
const payload = (file: Buffer): Buffer => file.subarray(file.indexOf('\n', file.indexOf('\n---') + 1) + 1);

test('backups get the recipients of the configuration, and lose those that are not there any more', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quackup-rekey-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  await runSql(join(folder, 'a.duckdb'), ['CREATE TABLE t AS SELECT i FROM range(1000) r(i)']);
  const configure = (recipients: readonly unknown[], identities: readonly string[]): void =>
    writeFileSync(
      join(folder, 'quackup.yaml'),
      `databases: [a.duckdb]\ntargets: { local: { type: local, path: b } }\nencryption:\n  recipients: [${recipients.join(', ')}]\n` +
        (identities.length === 0
          ? ''
          : `  identities: [${identities.map((file) => `{ file: ${file} }`).join(', ')}]\n`),
    );
  const restores = async (key: string): Promise<number> => {
    configure([first.recipient], [key]);
    const { status } = await quackup(
      folder,
      'restore',
      'latest',
      '--restore-dir',
      `r-${key}-${readdirSync(folder).length}`,
    );
    return status;
  };
  const { json: first } = await quackup(folder, 'keygen', '--out', 'one.txt');
  const { json: second } = await quackup(folder, 'keygen', '--out', 'two.txt');
  configure([first.recipient], []);
  expect(await quackup(folder, 'backup')).toMatchObject({ status: 0 });
  const archive = readdirSync(join(folder, 'b')).find((name) => name.endsWith('.age')) ?? 'no archive';
  const before = readFileSync(join(folder, 'b', archive));

  configure([first.recipient, second.recipient], ['one.txt']);
  const planned = await quackup(folder, 'rekey', '--dry-run');
  expect(planned).toMatchObject({
    status: 0,
    json: {
      dryRun: true,
      results: [{ target: 'local', rekeyed: [{ added: [second.fingerprint], removed: [] }] }],
    },
  });
  expect(readFileSync(join(folder, 'b', archive)).equals(before)).toBe(true);
  const done = await quackup(folder, 'rekey');
  expect(done).toMatchObject({ status: 0, json: { results: [{ failed: [] }], targets: [{ status: 'ok' }] } });
  expect(done.stderr).not.toContain('can still read');
  expect([await restores('one.txt'), await restores('two.txt')]).toEqual([0, 0]);

  configure([second.recipient], ['one.txt']);
  expect(await quackup(folder, 'rekey')).toMatchObject({ status: 2, json: { error: { code: 'KEY_WRONG' } } });
  configure([second.recipient], ['one.txt', 'two.txt']);
  const removed = await quackup(folder, 'rekey');
  expect(removed).toMatchObject({
    status: 0,
    json: { results: [{ rekeyed: [{ removed: [first.fingerprint] }] }] },
  });
  expect(removed.stderr).toContain('whoever was removed can still read what they have already');
  expect([await restores('one.txt'), await restores('two.txt')]).toEqual([2, 0]);
  expect(payload(readFileSync(join(folder, 'b', archive))).equals(payload(before))).toBe(true);

  writeFileSync(join(folder, 'quackup.yaml'), 'databases: [a.duckdb]\n');
  expect(await quackup(folder, 'rekey')).toMatchObject({
    status: 2,
    json: { error: { code: 'CONFIG_INVALID' } },
  });
});
