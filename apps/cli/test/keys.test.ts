import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';

import {
  decryptIdentities,
  encryptIdentities,
  encryptStream,
  parseIdentities,
  parseRecipient,
} from '@quackup/age';
import { whyNoPrograms } from '@quackup/fixtures';
import * as jsqr from 'jsqr';
import { expect, onTestFinished, test } from 'vitest';

import { runCli } from '../src/index.ts';
import { bitmapOfSvg, bitmapOfText } from './qr-bitmap.ts';

interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param typed Lines that somebody types, each when a question has appeared; without it there is nobody. */
async function quackup(cwd: string, args: readonly string[], typed?: readonly string[]): Promise<Ran> {
  const stdin = Object.assign(new PassThrough(), { isTTY: typed !== undefined });
  const stdout = new PassThrough();
  const stderr = Object.assign(new PassThrough(), { isTTY: typed !== undefined, columns: 200 });
  // As those of a process: a question that is over does not end it.
  stderr.end = () => stderr;
  let asked = '';
  let answered = 0;
  stderr.on('data', (bytes: Buffer) => {
    asked += bytes.toString();
    const questions = new Set(asked.match(/passphrase|The same again|Secret key/gi)).size;
    for (const line of typed?.slice(answered, questions) ?? []) {
      answered += 1;
      // The question listens once it has been drawn.
      setImmediate(() => stdin.write(`${line}\n`));
    }
  });
  const status = await runCli(args, {
    stdin,
    stdout,
    stderr,
    env: { NO_COLOR: '1' },
    cwd,
    now: () => new Date('2026-11-26T20:00:00Z'),
    signal: new AbortController().signal,
  });
  return { status, stdout: String(stdout.read() ?? ''), stderr: asked };
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'quackup-keys-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

const read = (cwd: string, name: string): string => readFileSync(join(cwd, name), 'utf8');

test.each([
  [[], 'x25519'],
  [['--post-quantum'], 'hybrid'],
] as const)(
  'keygen %j writes a key that only this user may read, and prints its recipient',
  async (more, kind) => {
    const cwd = await folder();
    const { status, stdout, stderr } = await quackup(cwd, ['keygen', ...more, '--json']);
    expect(status).toBe(0);
    const answer = JSON.parse(stdout) as { recipient: string; file: string };
    expect(answer).toMatchObject({ kind, encrypted: false, file: join(cwd, 'quackup-key.txt') });
    expect(parseRecipient(answer.recipient).kind).toBe(kind);
    const text = read(cwd, 'quackup-key.txt');
    const [identity] = parseIdentities(text);
    expect((await identity?.recipient())?.text).toBe(answer.recipient);
    expect(stdout + stderr).not.toContain('AGE-SECRET-KEY');
    if (process.platform !== 'win32') expect(statSync(join(cwd, 'quackup-key.txt')).mode & 0o777).toBe(0o600);

    const again = await quackup(cwd, ['keygen', ...more]);
    expect(again).toMatchObject({ status: 2, stderr: expect.stringContaining('it was not touched') });
    expect(read(cwd, 'quackup-key.txt')).toBe(text);
  },
);

test('keygen prints the secret key only where it is asked to', async () => {
  const cwd = await folder();
  const plain = await quackup(cwd, ['keygen', '--out', 'a.txt']);
  expect(plain.stdout + plain.stderr).not.toContain('AGE-SECRET-KEY');
  const asked = await quackup(cwd, ['keygen', '--out', '-']);
  expect(parseIdentities(asked.stdout)).toHaveLength(1);
  expect(asked.stderr).toMatch(/^recipient: age1/);
  expect((await quackup(cwd, ['keygen', '--out', 'no/such/folder'])).status).toBe(2);
});

test('keygen --passphrase asks twice, and writes a file that the passphrase opens', async () => {
  const cwd = await folder();
  const words = 'nine odd ducks at dawn';
  const made = await quackup(cwd, ['keygen', '--passphrase'], [words, words]);
  expect(made.stderr).toContain('The same again');
  expect(made.status).toBe(0);
  expect(made.stdout + made.stderr).not.toContain(words);
  const file = readFileSync(join(cwd, 'quackup-key.age'));
  expect(file.toString()).toMatch(/^-----BEGIN AGE/);
  const [identity] = await decryptIdentities(file, words);
  expect(made.stdout).toContain((await identity?.recipient())?.text ?? 'no recipient');

  const cases: [readonly string[] | undefined, string][] = [
    [[words, 'something else entirely'], 'differ'],
    [['short'], 'fewer than 12'],
    [undefined, 'nobody to ask'],
  ];
  for (const [typed, problem] of cases) {
    const refused = await quackup(cwd, ['keygen', '--passphrase', '--out', 'b.age'], typed);
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining(problem) });
    expect(() => read(cwd, 'b.age')).toThrow('ENOENT');
  }
});

// The package is CommonJS that says of itself that it is not.
const scan = jsqr.default as unknown as typeof jsqr.default.default;

/** The texts of the codes on a sheet, in order, as a scanner reads them. */
function scanned(sheet: string): string[] {
  const bitmaps = sheet.startsWith('<!doctype') ? bitmapOfSvg(sheet) : bitmapOfText(sheet);
  return bitmaps.map(
    ({ pixels, width, height }) =>
      scan(pixels, width, height, { inversionAttempts: 'dontInvert' })?.data ?? 'unreadable',
  );
}

test.each(['sheet.html', 'sheet.txt'])(
  '%s has every key as text and as a code that can be scanned',
  async (out) => {
    const cwd = await folder();
    await quackup(cwd, ['keygen', '--out', 'one.txt']);
    await quackup(cwd, ['keygen', '--out', 'two.txt']);
    writeFileSync(
      join(cwd, 'quackup.yaml'),
      'targets: { offsite: { type: s3, bucket: "b<1>", prefix: x/, secretAccessKey: hidden-key } }\n' +
        'encryption: { identities: [{ file: one.txt }, { file: two.txt }] }\n',
    );
    const made = await quackup(cwd, ['recovery-sheet', '--out', out]);
    expect(made).toMatchObject({ status: 0, stderr: '' });
    const sheet = read(cwd, out);
    const keys = [...parseIdentities(read(cwd, 'one.txt')), ...parseIdentities(read(cwd, 'two.txt'))];
    const secrets = keys.map((key) => key.reveal());
    expect(scanned(sheet)).toEqual(secrets);
    for (const secret of secrets) expect(sheet).toContain(secret);
    for (const secret of secrets) expect(made.stdout).not.toContain(secret);
    expect(sheet).toContain('SECRET');
    expect(sheet).toContain(
      out.endsWith('.html') ? 'bucket b&lt;1&gt;, prefix x/' : 'bucket b<1>, prefix x/',
    );
    expect(sheet).not.toContain('hidden-key');
    if (process.platform !== 'win32') expect(statSync(join(cwd, out)).mode & 0o777).toBe(0o600);
    expect((await quackup(cwd, ['recovery-sheet', '--out', out])).status).toBe(2);
    expect(read(cwd, out)).toBe(sheet);
  },
);

test.each(['sheet.html', 'sheet.txt'])(
  '%s of an encrypted key has it as it is, and the code too',
  async (out) => {
    const cwd = await folder();
    const armored = await encryptIdentities('AGE-SECRET-KEY-1...\n', 'open sesame', { logN: 4 });
    writeFileSync(join(cwd, 'key.age'), armored);
    expect((await quackup(cwd, ['recovery-sheet', '--key', 'key.age', '--out', out])).status).toBe(0);
    expect(scanned(read(cwd, out))).toEqual([armored.trimEnd()]);
  },
);

test('a sheet without a key, or of a kind that is none, is refused', async () => {
  const cwd = await folder();
  writeFileSync(join(cwd, 'nonsense.txt'), 'nonsense');
  const cases: [readonly string[], string][] = [
    [[], 'no key to write down'],
    [['--key', 'gone.txt'], 'ENOENT'],
    [['--key', 'nonsense.txt'], 'cannot be used as a key'],
    [['--key', 'nonsense.txt', '--out', 'sheet.pdf'], '.html or a .txt'],
  ];
  for (const [args, problem] of cases) {
    const refused = await quackup(cwd, ['recovery-sheet', ...args]);
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining(problem) });
  }
});

test.each(['.txt', '.html'])(
  'a sheet that is made without a configuration names no place (%s)',
  async (ending) => {
    const cwd = await folder();
    await quackup(cwd, ['keygen']);
    await quackup(cwd, ['recovery-sheet', '--key', 'quackup-key.txt', '--out', `sheet${ending}`]);
    const sheet = read(cwd, `sheet${ending}`);
    expect(sheet).not.toContain(join(cwd, 'backups'));
    expect(sheet).toContain('write it here: ______');
  },
);

const noTools = whyNoPrograms('age', 'tar', 'zstd');

test.skipIf(noTools !== undefined)('the commands on the sheet restore, as they stand there', async () => {
  const cwd = await folder();
  await quackup(cwd, ['keygen']);
  await quackup(cwd, ['recovery-sheet', '--key', 'quackup-key.txt', '--out', 'sheet.txt']);
  const commands = read(cwd, 'sheet.txt')
    .split('\n')
    .filter((line) => line.startsWith('     '))
    .map((line) => line.trim());
  const [identity] = parseIdentities(read(cwd, 'quackup-key.txt'));
  const recipient = await identity?.recipient();
  if (identity === undefined || recipient === undefined) throw new Error('there is no key');

  const name = 'backup_20261126_200000';
  writeFileSync(join(cwd, 'shop.duckdb'), 'the data');
  writeFileSync(join(cwd, `${name}.json`), '{\n  "kind": "full"\n}\n');
  for (const [ending, option] of [
    ['.tar.zst', '--zstd'],
    ['.tar.gz', '-z'],
    ['.tar', '--no-auto-compress'],
  ] as const) {
    shell(cwd, `tar ${option} -c -f ${name}${ending} shop.duckdb`);
    const parts: Uint8Array[] = [];
    const content = readFileSync(join(cwd, `${name}${ending}`));
    const source = (async function* () {
      yield content;
    })();
    for await (const part of encryptStream([recipient])(source)) parts.push(part);
    writeFileSync(join(cwd, `${name}${ending}.age`), Buffer.concat(parts));
  }
  const run = (start: string, input = ''): string => {
    const command = commands.find((each) => each.startsWith(start) || each.includes(start));
    if (command === undefined) throw new Error(`the sheet has no command ${start}`);
    return shell(cwd, command.replaceAll('DATE_TIME', '20261126_200000'), input);
  };
  run('(umask', `${identity.reveal()}\n`);
  expect(run('age-keygen -y').trim()).toBe(recipient.text);
  expect(run('grep')).toContain('full');
  run('mkdir restored');
  for (const archive of ['.tar.zst.age', '.tar.gz.age', '.tar.age']) {
    run(archive);
    expect(read(cwd, 'restored/shop.duckdb')).toBe('the data');
    shell(cwd, 'rm restored/shop.duckdb');
  }
});

function shell(cwd: string, command: string, input = ''): string {
  const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', command], {
    cwd,
    input,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
  return stdout;
}
