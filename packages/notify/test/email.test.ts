import type { Socket } from 'node:net';

import { describe, expect, test } from 'vitest';

import { type Channel, channelSchema, type ChannelResult, notify, type NotifyOptions } from '../src/index.ts';
import { CERTIFICATE } from './support/certificate.ts';
import { event } from './support/event.ts';
import { closedPort, rawServer } from './support/raw-server.ts';
import { smtpServer } from './support/smtp-server.ts';

function emailChannel(port: number, change: Record<string, unknown> = {}): Channel {
  return channelSchema.parse({
    type: 'email',
    host: 'localhost',
    port,
    ca: CERTIFICATE,
    from: 'Quackup <quackup@example.com>',
    to: ['ops@example.com', 'Wächter <watch@example.com>'],
    ...change,
  });
}

async function send(channel: Channel, change = {}, options: NotifyOptions = {}): Promise<ChannelResult> {
  const [result, ...others] = await notify({ mail: channel }, event(change), { retryMs: 1, ...options });
  expect(others).toEqual([]);
  if (result === undefined) throw new Error('the channel was not asked');
  return result;
}

/** The text of a mail of one part. */
function bodyOf(raw: string): string {
  const [head = '', body = ''] = raw.split(/\r\n\r\n([^]*)/);
  if (/^content-transfer-encoding: base64/im.test(head)) return Buffer.from(body, 'base64').toString();
  if (!/^content-transfer-encoding: quoted-printable/im.test(head)) return body.replaceAll('\r\n', '\n');
  const bytes = body
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString().replaceAll('\r\n', '\n');
}

function subjectOf(raw: string): string {
  const line = /^Subject: (.*(?:\r\n[ \t].*)*)/m.exec(raw)?.[1] ?? '';
  return line
    .replaceAll(/\r\n[ \t]/g, ' ')
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?UTF-8\?([BQ])\?(.*?)\?=/gi, (_, encoding: string, text: string) =>
      encoding.toUpperCase() === 'B'
        ? Buffer.from(text, 'base64').toString('latin1')
        : text
            .replaceAll('_', ' ')
            .replaceAll(/=([0-9A-F]{2})/g, (__, hex: string) =>
              String.fromCharCode(Number.parseInt(hex, 16)),
            ),
    );
}

describe('an e-mail', () => {
  test('goes by STARTTLS, signed in, to everybody, and says what failed, what is good and what to do', async () => {
    await using server = await smtpServer();
    const result = await send(emailChannel(server.port, { user: 'quack', password: 's3cret pass' }));

    expect(result).toMatchObject({ channel: 'mail', type: 'email', ok: true });
    expect(server.mails).toHaveLength(1);
    const [mail] = server.mails;
    expect(mail).toMatchObject({ secure: true, user: 'quack', from: 'quackup@example.com' });
    expect(mail?.to).toEqual(['ops@example.com', 'watch@example.com']);
    expect(subjectOf(mail?.raw ?? '')).toBe('[Quackup] FAILED: nightly backup on db1');
    expect(bodyOf(mail?.raw ?? '').trim()).toBe(
      [
        'FAILED: nightly backup',
        'host db1, started 2026-11-24T02:00:00.000Z, took 1 min 23 s',
        '',
        'What is wrong:',
        '- DATABASE_NOT_FOUND (ticks.duckdb): there is no /data/ticks.duckdb',
        '  try: correct the path',
        '',
        'What is still good:',
        'backup_20261123_020000, 1 d 2 h old',
        '',
        'databases: trades.duckdb, ticks.duckdb (failed)',
        'targets: nas',
        'read: 1.2 GB',
        'stored: 56.7 MB',
        'run: 5e1c0e0a-9a77-4c55-8f0e-0d3b6a1f2c3d',
      ].join('\n'),
    );
    expect(mail?.raw).toMatch(/^Auto-Submitted: auto-generated\r$/m);
  });

  test('goes by TLS from the start', async () => {
    await using server = await smtpServer({ secure: true });
    const channel = emailChannel(server.port, { tls: 'implicit', user: 'quack', password: 's3cret pass' });
    expect(await send(channel)).toMatchObject({ ok: true });
    expect(server.mails[0]).toMatchObject({ secure: true, user: 'quack' });
  });

  test('goes without TLS if that is what is asked for', async () => {
    await using server = await smtpServer();
    expect(await send(emailChannel(server.port, { tls: 'none' }))).toMatchObject({ ok: true });
    expect(server.mails[0]?.secure).toBe(false);
  });

  test('is not sent in the clear if the server offers no STARTTLS', async () => {
    await using server = await smtpServer({ hideSTARTTLS: true, disabledCommands: ['STARTTLS'] });
    expect(await send(emailChannel(server.port))).toMatchObject({ ok: false });
    expect(server.mails).toEqual([]);
  });

  test('is not sent to a server whose certificate nobody vouches for', async () => {
    await using server = await smtpServer();
    const { ok, error } = await send(emailChannel(server.port, { ca: undefined }));
    expect(ok).toBe(false);
    expect(error).toMatch(/self-signed certificate/);
    expect(server.mails).toEqual([]);
  });

  test('of a wrong password fails at once, and the password is not in the error although the server repeats it', async () => {
    const attempts: string[] = [];
    await using server = await smtpServer({
      onAuth(auth, _session, done) {
        const password = String(auth.password);
        attempts.push(password);
        done(new Error(`no such password: ${password}, ${Buffer.from(password).toString('base64')}`));
      },
    });
    const logged: string[] = [];
    const channel = emailChannel(server.port, { user: 'quack', password: 'wrong-pass' });
    const result = await send(channel, {}, { log: (_level, text) => logged.push(text) });
    expect(result.ok).toBe(false);
    expect(result.error).toMatch(/no such password: \*\*\*, \*\*\*/);
    expect(attempts).toEqual(['wrong-pass']);
    expect(logged).toEqual([`the channel "mail" failed: ${result.error}`]);
  });

  test('comes through a server that refuses for now, once', async () => {
    let refusals = 0;
    await using server = await smtpServer({
      onMailFrom(_address, _session, done) {
        refusals += 1;
        if (refusals === 1) done(Object.assign(new Error('greylisted'), { responseCode: 451 }));
        else done();
      },
    });
    expect(await send(emailChannel(server.port))).toMatchObject({ ok: true });
    expect(server.mails).toHaveLength(1);
  });

  test('has the same Message-ID on every attempt, so that a copy can be recognised', async () => {
    const ids: (string | undefined)[] = [];
    await using server = await smtpServer({
      onData(stream, _session, done) {
        let raw = '';
        stream.on('data', (chunk: Uint8Array) => (raw += Buffer.from(chunk).toString()));
        stream.on('end', () => {
          ids.push(/^Message-ID: (.*)\r$/im.exec(raw)?.[1]);
          done(Object.assign(new Error('try later'), { responseCode: 450 }));
        });
      },
    });
    expect(await send(emailChannel(server.port))).toMatchObject({ ok: false });
    expect(ids).toHaveLength(3);
    expect(ids[0]).toMatch(/^<.+@example\.com>$/);
    expect(new Set(ids).size).toBe(1);
  });

  test('that is refused for good is tried once', async () => {
    let asked = 0;
    await using server = await smtpServer({
      onMailFrom(_address, _session, done) {
        asked += 1;
        done(Object.assign(new Error('you are not welcome'), { responseCode: 550 }));
      },
    });
    const { ok, error } = await send(emailChannel(server.port));
    expect({ ok, asked }).toEqual({ ok: false, asked: 1 });
    expect(error).toContain('you are not welcome');
  });

  test('that is refused for one of the recipients reaches the others, with a warning', async () => {
    await using server = await smtpServer({
      onRcptTo({ address }, _session, done) {
        done(address.startsWith('watch') ? Object.assign(new Error('gone'), { responseCode: 550 }) : null);
      },
    });
    const result = await send(emailChannel(server.port));
    expect(result).toMatchObject({ ok: true, warning: 'the server refused watch@example.com' });
    expect(server.mails[0]?.to).toEqual(['ops@example.com']);
  });

  test.each([
    ['never greets', () => {}],
    [
      'greets a letter at a time',
      (socket: Socket) => {
        const timer = setInterval(() => socket.write('2'), 20);
        socket.on('close', () => clearInterval(timer));
      },
    ],
  ])('to a server that %s is given up in time, and its connection is closed', async (_name, onConnection) => {
    await using server = await rawServer(onConnection);
    const result = await send(emailChannel(server.port), {}, { timeoutMs: 300 });
    expect(result).toMatchObject({ ok: false, error: 'no answer within 300 ms' });
    expect(result.ms).toBeLessThan(2000);
    expect(server.connections()).toBe(1);
    await server.allClosed();
  });

  test('that the server takes and never acknowledges is given up in time', async () => {
    await using server = await smtpServer({ onData: (stream) => void stream.resume() });
    const result = await send(emailChannel(server.port), {}, { timeoutMs: 500 });
    expect(result).toMatchObject({ ok: false, error: 'no answer within 500 ms' });
  });

  test('to a server that hangs up is tried three times', async () => {
    await using server = await rawServer((socket) => socket.destroy());
    expect(await send(emailChannel(server.port))).toMatchObject({ ok: false });
    expect(server.connections()).toBe(3);
  });

  test('to a port on which nobody listens fails with the reason', async () => {
    const { ok, error } = await send(emailChannel(await closedPort()));
    expect(ok).toBe(false);
    expect(error).toContain('ECONNREFUSED');
  });

  test('cannot be given headers by what stands in the subject', async () => {
    await using server = await smtpServer();
    const title = 'x\r\nBcc: thief@example.com\r\n\r\nbody\u2028\u0000end';
    expect(await send(emailChannel(server.port), { title })).toMatchObject({ ok: true });
    const [mail] = server.mails;
    expect(mail?.to).toEqual(['ops@example.com', 'watch@example.com']);
    const head = mail?.raw.slice(0, mail.raw.indexOf('\r\n\r\n')) ?? '';
    expect(head).not.toMatch(/^Bcc:/im);
    expect(subjectOf(mail?.raw ?? '')).toBe('[Quackup] FAILED: x Bcc: thief@example.com body end on db1');
  });

  test('keeps letters of every script, in subject and body', async () => {
    await using server = await smtpServer();
    const title = 'Datensicherung Zürich 備份 🦆';
    expect(await send(emailChannel(server.port), { title })).toMatchObject({ ok: true });
    const raw = server.mails[0]?.raw ?? '';
    // Headers are ASCII on the way.
    expect(raw.slice(0, raw.indexOf('\r\n\r\n'))).toMatch(/^[\x20-\x7e\r\n\t]*$/);
    expect(Buffer.from(subjectOf(raw), 'latin1').toString()).toBe(`[Quackup] FAILED: ${title} on db1`);
    expect(bodyOf(raw)).toContain(`FAILED: ${title}\n`);
  });

  test('with a very long body arrives, cut off with a mark, and lines that begin with a dot stay', async () => {
    await using server = await smtpServer();
    const message = `.\n.dot\n${'ü'.repeat(400_000)}`;
    expect(await send(emailChannel(server.port), { problems: [{ code: 'X', message }] })).toMatchObject({
      ok: true,
    });
    const body = bodyOf(server.mails[0]?.raw ?? '');
    expect(body).toContain('\n.dot\nüü');
    expect(body.trimEnd()).toMatch(/ü\n… \(cut off\)$/);
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(100_002);
  });

  test('has the subject and body that the templates say', async () => {
    await using server = await smtpServer();
    const channel = emailChannel(server.port, {
      subject: '{{kind}}/{{ label }} {{host}}',
      body: '{{title}}|{{runId}}|{{startedAt}}|{{duration}}|{{lastGood}}|{{databases}}|{{targets}}|{{read}}|{{stored}}|{{over}}|{{problems}}',
    });
    // What a text holds is no template.
    expect(await send(channel, { title: '{{host}}', lastGood: [] })).toMatchObject({ ok: true });
    const raw = server.mails[0]?.raw ?? '';
    expect(subjectOf(raw)).toBe('failure/FAILED db1');
    expect(bodyOf(raw).trim()).toBe(
      '{{host}}|5e1c0e0a-9a77-4c55-8f0e-0d3b6a1f2c3d|2026-11-24T02:00:00.000Z|1 min 23 s|There is no good backup.|' +
        'trades.duckdb, ticks.duckdb (failed)|nas|1.2 GB|56.7 MB||' +
        '- DATABASE_NOT_FOUND (ticks.duckdb): there is no /data/ticks.duckdb\n  try: correct the path',
    );
  });
});
