import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';

import { runSql } from '@quackup/fixtures';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { runCli } from '../src/index.ts';

/** A key for tests, which protects nothing. */
const RECIPIENT = 'age1x5vlyfcv6negs2mu6hdz72z5fm87fzfclmjascqxr97dtnxz6shqc5jduq';
const SECRET = 'AGE-SECRET-KEY-12V07KZG5QYLF6SRUN3D0DZQL2X7H2V36SFWL8VK9PJ0EKPXHN3ZST4WARP';
const OTHER = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';

let folder = '';
let now = new Date('2026-01-01T02:00:00Z');
let text = '';

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'quackup-encryption-'));
  now = new Date('2026-01-01T02:00:00Z');
  text = '';
  await runSql(join(folder, 'a.duckdb'), ['CREATE TABLE t AS SELECT i FROM range(1000) r(i)']);
  writeFileSync(join(folder, 'key.txt'), `# a comment\n${SECRET}\n`, { mode: 0o600 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function configure(more: string, targets = 'local: { type: local, path: b }'): void {
  writeFileSync(
    join(folder, 'quackup.yaml'),
    `databases: [a.duckdb]\ntargets: { ${targets} }\nbackup: { tempDir: tmp }\nlog: { file: q.log }\n${more}\n`,
  );
}

const into = (add: (piece: string) => void): Writable =>
  new Writable({
    write(piece: Buffer, _encoding, done) {
      add(piece.toString());
      done();
    },
  });

async function runText(...args: readonly string[]): Promise<{ status: number; stdout: string }> {
  let out = '';
  const status = await runCli(args, {
    stdin: Readable.from([]),
    stdout: into((piece) => (out += piece)),
    stderr: into((piece) => (text += piece)),
    env: { ...process.env, XDG_STATE_HOME: join(folder, 'state'), HOME: folder, TEST_KEY: SECRET },
    cwd: folder,
    now: () => now,
    signal: new AbortController().signal,
  });
  return { status, stdout: out };
}

async function run(...args: readonly string[]): Promise<{ status: number; json: Record<string, unknown> }> {
  const { status, stdout } = await runText(...args, '--json');
  return { status, json: JSON.parse(stdout) as Record<string, unknown> };
}

const WITHOUT_KEY = `encryption: { recipients: [${RECIPIENT}] }`;
const WITH_KEY = `encryption: { recipients: [${RECIPIENT}], identities: { file: key.txt } }`;

test('a machine that has only recipients backs up, incrementally too, and cannot read what it wrote', async () => {
  configure(WITHOUT_KEY);
  expect(await run('backup')).toMatchObject({ status: 0, json: { kind: 'full', encrypted: true } });
  const second = await run('backup');
  expect(second).toMatchObject({ status: 0, json: { kind: 'incremental', encrypted: true } });
  expect(readdirSync(join(folder, 'b')).filter((name) => name.endsWith('.age'))).toHaveLength(2);
  const { json } = await run('list');
  expect(json).toMatchObject({ backups: [{ encrypted: true }, { encrypted: true }] });
  expect(await run('restore', 'latest', '--restore-dir', 'r')).toMatchObject({
    status: 2,
    json: { error: { code: 'KEY_REQUIRED' } },
  });
  expect(existsSync(join(folder, 'r'))).toBe(false);
  expect(await run('verify', '--level', 'archive')).toMatchObject({ status: 0 });
  expect(await run('verify')).toMatchObject({ status: 2, json: { error: { code: 'KEY_REQUIRED' } } });
  expect(await run('verify', '--all')).toMatchObject({ status: 2 });
  expect(await run('show', 'latest')).toMatchObject({ status: 0, json: { manifest: null } });
  rmSync(join(folder, 'state'), { recursive: true });
  expect(await run('backup')).toMatchObject({
    status: 0,
    json: { kind: 'full', fullReason: expect.stringContaining('nothing is remembered here') as string },
  });

  configure(WITH_KEY);
  expect(await run('verify', '--all', '--level', 'scan')).toMatchObject({ status: 0 });
  const { status, json: report } = await run('restore', String(second.json['backup']), '--restore-dir', 'r');
  expect(status, JSON.stringify(report)).toBe(0);
  expect(await run('show', 'latest')).toMatchObject({
    status: 0,
    json: { manifest: { databases: [{ name: 'a.duckdb' }] } },
  });
  const rows = await runSql(join(folder, 'r/a.duckdb'), ['SELECT 1']).then(() => 'opened');
  expect(rows).toBe('opened');
});

test.each([
  ['a variable', '{ env: TEST_KEY }'],
  ['a command', '{ command: [cat, key.txt] }'],
])('the key comes from %s', async (_name, source) => {
  configure(`encryption: { recipients: [${RECIPIENT}], identities: [${source}] }`);
  expect(await run('backup')).toMatchObject({ status: 0 });
  expect(await run('verify', '--level', 'blocks')).toMatchObject({ status: 0 });
});

test('another key is said to be another, and shows nothing of itself', async () => {
  configure(`encryption: { recipients: [${OTHER}], identities: { file: key.txt } }`);
  expect(await run('backup')).toMatchObject({ status: 0 });
  const { status, json } = await run('restore', 'latest', '--restore-dir', 'r');
  expect(status).toBe(2);
  expect(json).toMatchObject({ error: { code: 'KEY_WRONG' } });
  expect(JSON.stringify(json) + text).not.toContain(SECRET.slice(0, 30));
});

describe('a key that does not fit is no damage', () => {
  const EXCHANGED = `encryption: { recipients: [${OTHER}], identities: { file: key.txt } }`;

  test('verify --all says that it cannot read', async () => {
    configure(EXCHANGED);
    await run('backup');
    const { status, stdout } = await runText('verify', '--all');
    expect(status).toBe(2);
    expect(stdout).toMatch(/^UNREADABLE {2}backup_\d{8}_\d{6}: blocks\n {2}KEY_WRONG in /);
  });

  test('show tells what needs no key, and for which keys it is', async () => {
    configure(EXCHANGED);
    await run('backup');
    const { status, stdout } = await runText('show', 'latest');
    expect(status).toBe(0);
    const [, fingerprint = ''] = /encrypted +for ([0-9a-f]{16})/.exec(stdout) ?? [];
    expect(stdout).toContain('not shown, KEY_WRONG: the manifest ');
    const { json } = await run('restore', 'latest', '--restore-dir', 'r');
    expect(json).toMatchObject({ error: { code: 'KEY_WRONG' } });
    expect(JSON.stringify(json)).toContain(`it is for ${fingerprint}`);
  });
});

test('what cannot be honoured is refused at the start, and nothing is written', async () => {
  const refused: readonly (readonly [config: string, code: string, ...command: string[]])[] = [
    ['encryption: { identities: { file: key.txt } }', 'CONFIG_INVALID', 'backup'],
    [`${WITHOUT_KEY}\nverify: { daily: blocks }`, 'CONFIG_INVALID', 'daily'],
    [`${WITHOUT_KEY}\nverify: { scanEvery: 7d }`, 'CONFIG_INVALID', 'daily'],
    [`encryption: { recipients: [${RECIPIENT}], identities: { file: nowhere } }`, 'KEY_UNAVAILABLE', 'daily'],
    ['encryption: { recipients: [age1nonsense] }', 'CONFIG_INVALID', 'backup'],
    ['encryption: { passphrase: prompt }', 'KEY_UNAVAILABLE', 'backup'],
  ];
  for (const [config, code, ...command] of refused) {
    configure(config);
    expect(await run(...command), config).toMatchObject({ status: 2, json: { error: { code } } });
    expect(existsSync(join(folder, 'b')), config).toBe(false);
  }
});

test('daily without a key verifies what it can, and cleans up', async () => {
  configure(WITHOUT_KEY);
  const { status, json } = await run('daily');
  expect(status).toBe(0);
  expect(json).toMatchObject({
    outcome: 'success',
    verified: [{ report: { ok: true, level: 'archive' } }],
    cleanups: [{ target: 'local' }],
    lastGood: [{ backup: 'backup_20260101_020000' }],
  });
  configure(WITH_KEY);
  now = new Date('2026-01-02T02:00:00Z');
  expect((await run('daily')).json).toMatchObject({ verified: [{ report: { ok: true, level: 'scan' } }] });
});

test('a plain backup is not copied to where the configuration asks for encryption', async () => {
  const both = 'local: { type: local, path: b }, other: { type: local, path: o }';
  configure('', both);
  expect(await run('backup', '--target', 'local')).toMatchObject({ status: 0, json: { encrypted: false } });
  configure(WITH_KEY, both);
  expect(await run('copy', 'latest', '--from', 'local', '--to', 'other')).toMatchObject({
    status: 2,
    json: { error: { code: 'PLAIN_REFUSED' } },
  });
  expect(await run('backup')).toMatchObject({ status: 0, json: { encrypted: true, kind: 'full' } });
  expect(await run('list', '--target', 'local')).toMatchObject({
    json: { backups: [{ encrypted: true }, { encrypted: false }] },
  });
  expect(await run('copy', 'latest', '--from', 'local', '--to', 'other')).toMatchObject({ status: 0 });
});

test('a write-only target: backups go on, cleanup and verification are left to others', async () => {
  configure(WITHOUT_KEY, 'vault: { type: local, path: b, access: write-only }');
  const first = await run('daily');
  expect(first).toMatchObject({
    status: 0,
    json: {
      outcome: 'success',
      verified: [],
      cleanups: [],
      deferred: [
        { target: 'vault', what: 'verification' },
        { target: 'vault', what: 'cleanup' },
      ],
    },
  });
  now = new Date('2026-01-02T02:00:00Z');
  expect((await run('daily')).json).toMatchObject({ backup: { kind: 'incremental' } });
  expect(readdirSync(join(folder, 'b')).filter((name) => name.startsWith('leases'))).toEqual([]);
  for (const command of [['list'], ['cleanup'], ['verify'], ['restore', 'latest'], ['repair']])
    expect(await run(...command), command.join(' ')).toMatchObject({
      status: 2,
      json: { error: { code: 'TARGET_ACCESS' } },
    });
  configure(`${WITH_KEY}\nverify: { daily: archive }`, 'vault: { type: local, path: b, access: write-only }');
  expect(await run('daily')).toMatchObject({ status: 2, json: { error: { code: 'CONFIG_INVALID' } } });
});

test('what is remembered of the last backup is private to the user', async () => {
  configure(WITHOUT_KEY);
  await run('backup');
  const [state = ''] = readdirSync(join(folder, 'state/quackup'));
  const memory = join(folder, 'state/quackup', state, 'last-backups');
  expect(statSync(memory).mode & 0o777).toBe(0o700);
  const [file = ''] = readdirSync(memory);
  expect(statSync(join(memory, file)).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(memory, file)).includes(SECRET)).toBe(false);
});
