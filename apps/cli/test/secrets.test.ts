/**
 * Secrets of targets and channels are looked for in everything that a run leaves or shows: what it prints, logs, metrics,
 * state, manifests and archives, messages to others, the command lines of all processes, the environment of hooks.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { CERTIFICATE } from '../../../packages/notify/test/support/certificate.ts';
import { httpServer } from '../../../packages/notify/test/support/http-server.ts';
import { closedPort, rawServer } from '../../../packages/notify/test/support/raw-server.ts';
import { smtpServer } from '../../../packages/notify/test/support/smtp-server.ts';
import { CliPlace } from './support/cli-place.ts';

const BIN = fileURLToPath(new URL('../src/bin.ts', import.meta.url));

const SECRETS = {
  SMTP_PASSWORD: 's3cret pass',
  WRONG_PASSWORD: 'wr0ng&pass/word',
  CHAT_URL_PART: 'T00/B00/chatSecretPart',
  PING_URL_PART: 'f00d-ping-uuid-secret',
  BEARER: 'tok_bearerSecret+1',
  HEADER: 'headerSecretValue',
  S3_KEY: 'wJalrXUtnFEMIs3cretKEY',
};

const hookAt = (url: string): string =>
  `{ type: webhook, url: "${url}/\${CHAT_URL_PART}", token: { env: BEARER }, headers: { X-Key: { file: keys/header } }, on: [success, warning, failure, recovery] }`;

let place: CliPlace;
beforeEach(async () => {
  place = await CliPlace.create();
});
afterEach(() => place[Symbol.dispose]());

/** Every spelling in which a secret could show. */
const spellings = Object.entries(SECRETS).flatMap(([name, secret]) =>
  [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
    JSON.stringify(secret).slice(1, -1),
  ].map((spelling) => ({ name, spelling })),
);

function secretsIn(text: string): string[] {
  return [...new Set(spellings.filter(({ spelling }) => text.includes(spelling)).map(({ name }) => name))];
}

/** All files below a folder, compressed ones also as what is in them. */
function* textsBelow(folder: string): Generator<[string, string]> {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = readFileSync(path);
    yield [path, bytes.toString('latin1')];
    // Frames one after another; the first bytes of each are its mark.
    for (let at = bytes.indexOf(FRAME); at !== -1; at = bytes.indexOf(FRAME, at + 1)) {
      try {
        yield [path, zstdDecompressSync(bytes.subarray(at)).toString('latin1')];
      } catch {
        // The mark by chance, inside a frame.
      }
    }
  }
}
const FRAME = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** Runs the program as a user would; reads the command lines of all processes as long as it runs. */
async function quackup(...args: string[]): Promise<{ shown: string; processes: Set<string> }> {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: place.folder,
    env: { PATH: process.env['PATH'], HOME: place.folder, XDG_STATE_HOME: place.state, ...SECRETS },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const processes = new Set<string>();
  const timer = setInterval(() => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        if (command.includes(place.folder) || command.includes('quackup') || Number(pid) === child.pid)
          processes.add(command);
      } catch {
        // It ended meanwhile.
      }
    }
  }, 20);
  let shown = '';
  child.stdout.on('data', (text: Buffer) => (shown += text.toString()));
  child.stderr.on('data', (text: Buffer) => (shown += text.toString()));
  await once(child, 'close');
  clearInterval(timer);
  return { shown, processes };
}

test.skipIf(process.platform !== 'linux')(
  'no secret is in anything that a run prints, keeps, sends or starts',
  async () => {
    await using mail = await smtpServer();
    await using chat = await httpServer();
    await using refusing = await httpServer((response, count) => {
      response.statusCode = count % 2 === 0 ? 500 : 403;
      // A server that repeats what it was given.
      response.end(`no: ${JSON.stringify(refusing.requests.at(-1))}`);
    });
    await using dribbling = await rawServer((socket) => void socket.end('garbage, not HTTP\r\n\r\n'));
    mkdirSync(place.path('keys'));
    writeFileSync(place.path('keys/header'), `${SECRETS.HEADER}\n`);
    chmodSync(place.path('keys/header'), 0o600);
    writeFileSync(place.path('ca.pem'), CERTIFICATE);
    const mailTo = (password: string): string =>
      `{ type: email, host: localhost, port: ${mail.port}, user: quack, password: { env: ${password} }, ca: { file: ca.pem }, from: q@example.com, to: [o@example.com], on: [success, warning, failure, recovery] }`;
    writeFileSync(
      place.path('quackup.yaml'),
      `databases: [a.duckdb, missing.duckdb]
targets:
  local: { type: local, path: b }
  far:
    type: s3
    endpoint: http://127.0.0.1:${await closedPort()}
    region: x
    bucket: backups
    accessKeyId: AKIAEXAMPLE
    secretAccessKey: { env: S3_KEY }
    limits: { attempts: 1 }
log: { file: q.log }
metrics: { file: q.prom }
hooks: { before: [sh, -c, 'env; ps auxww || true'], onFailure: [sh, -c, env] }
notifications:
  mail: ${mailTo('SMTP_PASSWORD')}
  wrong: ${mailTo('WRONG_PASSWORD')}
  chat: ${hookAt(chat.url)}
  refusing: ${hookAt(refusing.url)}
  garbage: ${hookAt(`http://127.0.0.1:${dribbling.port}`)}
  ping: { type: healthcheck, url: "${chat.url}/\${PING_URL_PART}" }
`,
    );
    const runs = [
      await quackup('daily', '--verbose'),
      await quackup('daily', '--json', '--log-format', 'json'),
    ];
    for (const args of [
      ['notify', 'test', '--verbose'],
      ['status', '--json'],
      ['list', '--verbose'],
      ['target', 'check', '--verbose'],
    ])
      runs.push(await quackup(...args));

    // It did work: the backup is there, and those who should have been told were.
    expect(runs[0]?.shown).toContain('a.duckdb');
    expect(mail.mails.length).toBeGreaterThan(0);
    expect(chat.requests.length).toBeGreaterThan(2);
    expect(refusing.requests.length).toBeGreaterThan(0);
    expect(runs[0]?.processes.size).toBeGreaterThan(0);

    for (const { shown, processes } of runs) {
      expect(secretsIn(shown)).toEqual([]);
      expect(secretsIn([...processes].join('\n'))).toEqual([]);
    }
    for (const { raw } of mail.mails) expect(secretsIn(raw)).toEqual([]);
    for (const { body } of chat.requests) expect(secretsIn(body)).toEqual([]);
    let searched = 0;
    for (const [path, text] of textsBelow(place.folder)) {
      if (path === place.path('keys/header')) continue;
      expect(secretsIn(text), path).toEqual([]);
      searched += 1;
    }
    expect(searched).toBeGreaterThan(10);
    expect(statSync(place.path('q.log')).mode & 0o077).toBe(0);
  },
  400_000,
);

test('the search finds a secret in each of its spellings, and in the second frame of a compressed file', () => {
  for (const { name, spelling } of spellings) expect(secretsIn(`x${spelling}y`)).toContain(name);
  const frames = ['first', `second ${SECRETS.BEARER}`].map((text) => zstdCompressSync(Buffer.from(text)));
  writeFileSync(place.path('x.zst'), Buffer.concat(frames));
  expect([...textsBelow(place.folder)].flatMap(([, text]) => secretsIn(text))).toContain('BEARER');
});
