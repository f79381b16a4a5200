import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { httpServer, type TestHttpServer } from '../../../packages/notify/test/support/http-server.ts';
import { closedPort, rawServer } from '../../../packages/notify/test/support/raw-server.ts';
import { smtpServer } from '../../../packages/notify/test/support/smtp-server.ts';
import { CERTIFICATE } from '../../../packages/notify/test/support/certificate.ts';
import { CliPlace } from './support/cli-place.ts';

let place: CliPlace;
let server: TestHttpServer;

beforeEach(async () => {
  place = await CliPlace.create();
  server = await httpServer();
});
afterEach(async () => {
  place[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

/** Channels: a chat for people, and a monitor that hears of every run. */
const channels = (chat: string): string => `notifications:
  chat: { type: webhook, url: '${chat}/chat/T0pSecret' }
  monitor: { type: healthcheck, url: '${server.url}/ping' }
`;

const named = (list: readonly { readonly code: string; readonly subject: string }[]): string =>
  list.map(({ code, subject }) => `${code} ${subject}`).join(', ');

/** What people were told, one line each: the kind, then `code subject` of what is wrong, then of what is over. */
function told(): string[] {
  return server.requests
    .filter(({ path }) => path.startsWith('/chat'))
    .map(({ body }) => {
      const { kind, problems, over } = JSON.parse(body) as {
        kind: string;
        problems: { code: string; subject: string }[];
        over: { code: string; subject: string }[];
      };
      return `${kind}: ${named(problems)}; over: ${named(over)}`;
    });
}

const pings = (): string[] =>
  server.requests.filter(({ path }) => path.startsWith('/ping')).map(({ path }) => path.replace(/\?.*/, ''));

test('each failure is told once until it is over, then that, and the monitor hears of every run', async () => {
  place.configure(channels(server.url));
  const statuses: number[] = [];
  const day = async (): Promise<void> => {
    statuses.push((await place.run('daily')).status);
    place.tomorrow();
  };
  await day();
  renameSync(place.path('a.duckdb'), place.path('away.duckdb'));
  await day();
  await day();
  renameSync(place.path('away.duckdb'), place.path('a.duckdb'));
  await day();
  await day();
  expect(statuses).toEqual([0, 1, 1, 0, 0]);
  expect(told()).toEqual(['failure: BACKUP_FAILED backup; over: ', 'recovery: ; over: BACKUP_FAILED backup']);
  const failure = server.requests.find(({ path }) => path.startsWith('/chat'));
  expect(failure?.body).toMatch(/backup_20260101_020000 on local, 1 d old/);
  expect(failure?.body).toContain('try: ');
  expect(pings()).toEqual([
    '/ping/start',
    '/ping',
    '/ping/start',
    '/ping/fail',
    '/ping/start',
    '/ping/fail',
    '/ping/start',
    '/ping',
    '/ping/start',
    '/ping',
  ]);
});

test('a target that cannot be opened is a failure that is told, with what was last seen on it', async () => {
  place.configure(channels(server.url));
  await place.run('daily');
  renameSync(place.path('b'), place.path('unplugged'));
  writeFileSync(place.path('b'), 'in the way');
  place.tomorrow();
  expect((await place.run('daily')).status).toBe(1);
  rmSync(place.path('b'));
  renameSync(place.path('unplugged'), place.path('b'));
  place.tomorrow();
  expect((await place.run('daily')).status).toBe(0);
  expect(told().map((line) => line.slice(0, 8))).toEqual(['failure:', 'recovery']);
  expect(server.requests.find(({ path }) => path.startsWith('/chat'))?.body).toContain('(as last seen)');
});

describe('a channel that does not work', () => {
  test('fails no backup, is logged and counted, and what it missed is told later', async () => {
    place.configure(channels(`http://127.0.0.1:${await closedPort()}`));
    renameSync(place.path('a.duckdb'), place.path('away.duckdb'));
    const { status, json } = await place.run('daily');
    expect(status).toBe(1);
    expect(json).toMatchObject({ problems: [{ code: 'BACKUP_FAILED' }] });
    expect(json['notifications']).toContainEqual(expect.objectContaining({ channel: 'chat', ok: false }));
    expect(place.log()).toContainEqual(
      expect.objectContaining({
        level: 'warning',
        message: expect.stringContaining('the channel "chat" failed'),
      }),
    );
    place.configure(channels(server.url));
    place.tomorrow();
    await place.run('daily');
    expect(told()).toEqual(['failure: BACKUP_FAILED backup; over: ']);
  });

  test('and hangs delays the end of a run by no more than its time limit, and the backup not at all', async () => {
    await using hanging = await rawServer(() => {});
    place.configure(`notifications:
  mail: { type: email, host: 127.0.0.1, port: ${hanging.port}, tls: none, from: q@example.com, to: [o@example.com], on: [success] }
metrics: { file: q.prom }
`);
    const began = performance.now();
    const { status, json } = await place.run('daily');
    expect(performance.now() - began).toBeLessThan(25_000);
    expect(status).toBe(0);
    const { durationMs } = json as { durationMs: number };
    expect(durationMs).toBeLessThan(10_000);
    expect(json).toMatchObject({ outcome: 'success' });
    expect(readFileSync(place.path('q.prom'), 'utf8')).toContain(
      'quackup_notifier_failures_total{channel="mail"} 1',
    );
  }, 60_000);

  test('because its secret is not there is told of through the others, and the backup is made', async () => {
    place.configure(`${channels(server.url)}  mail: { type: email, host: 127.0.0.1, user: q, password: { env: NOT_SET }, from: q@example.com, to: [o@example.com] }
`);
    renameSync(place.path('a.duckdb'), place.path('away.duckdb'));
    await place.run('daily');
    expect(told()).toHaveLength(1);
    expect(place.log()).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(/"mail" failed.*NOT_SET is not set/) }),
    );
    renameSync(place.path('away.duckdb'), place.path('a.duckdb'));
    place.tomorrow();
    expect((await place.run('daily')).status).toBe(0);
  });
});

test('what the configuration says wrongly of a channel is refused with its place, before anything is done', async () => {
  place.configure(
    'notifications:\n  chat: { type: webhook, url: "https://x.example/secret-part", presett: slack }\n',
  );
  const { status, json } = await place.run('daily');
  expect(status).toBe(2);
  expect(json).toMatchObject({
    error: { code: 'CONFIG_INVALID', message: expect.stringMatching(/:6:\d+: .*presett/) },
  });
  expect(JSON.stringify(json)).not.toContain('secret-part');
  expect((await place.run('list')).json).toMatchObject({ backups: [] });
});

test('an interrupted run is told, and so is one that cannot keep its state', async () => {
  place.configure(channels(server.url));
  const controller = new AbortController();
  controller.abort(new Error('interrupted by SIGTERM'));
  expect((await place.runUntil(controller.signal, 'daily')).status).toBe(130);
  expect(told()).toEqual(['failure: INTERRUPTED daily run; over: ']);
  rmSync(place.state, { recursive: true });
  writeFileSync(place.state, 'in the way');
  const { status, json } = await place.run('daily');
  expect(status).toBe(1);
  expect(json).toMatchObject({ error: { code: 'STATE_FAILED' } });
  expect(told().at(-1)).toBe('failure: STATE_FAILED daily run; over: ');
  rmSync(place.state);
  mkdirSync(place.state);
});

test('notify test reaches each channel whatever it is told of otherwise, and says which failed', async () => {
  await using mail = await smtpServer();
  writeFileSync(place.path('ca.pem'), CERTIFICATE);
  place.env = { PASSWORD: 's3cret pass' };
  place.configure(`${channels(server.url)}  mail:
    type: email
    host: localhost
    port: ${mail.port}
    user: quack
    password: { env: PASSWORD }
    ca: { file: ca.pem }
    from: Quackup <q@example.com>
    to: [ops@example.com]
    on: [failure]
  broken: { type: webhook, url: 'http://127.0.0.1:${await closedPort()}/x' }
`);
  const all = await place.run('notify', 'test');
  expect(all.status).toBe(1);
  const { channels: results } = all.json as { channels: { channel: string; ok: boolean }[] };
  expect(Object.fromEntries(results.map(({ channel, ok }) => [channel, ok]))).toEqual({
    chat: true,
    monitor: true,
    mail: true,
    broken: false,
  });
  expect(mail.mails[0]?.raw).toContain('no backup was made');
  expect((await place.run('notify', 'test', 'mail')).status).toBe(0);
  expect((await place.run('notify', 'test', 'nobody')).status).toBe(2);
  place.configure('');
  expect((await place.run('notify', 'test')).status).toBe(2);
}, 20_000);
