import { describe, expect, test } from 'vitest';

import { type Channel, channelSchema, type ChannelResult, notify, type NotifyOptions } from '../src/index.ts';
import { CERTIFICATE } from './support/certificate.ts';
import { event } from './support/event.ts';
import { httpServer } from './support/http-server.ts';
import { closedPort, rawServer } from './support/raw-server.ts';

const SECRET_PATH = '/services/T00SECRET/B11hidden%20part?sig=verySecretSignature';

function webhook(url: string, change: Record<string, unknown> = {}): Channel {
  return channelSchema.parse({ type: 'webhook', url, ...change });
}

async function send(channel: Channel, change = {}, options: NotifyOptions = {}): Promise<ChannelResult> {
  const [result] = await notify({ hook: channel }, event(change), { retryMs: 1, ...options });
  if (result === undefined) throw new Error('the channel was not asked');
  return result;
}

/** What the server got, as JSON. */
async function posted(
  preset: string,
  change = {},
  path = '/topic',
): Promise<{ json: unknown; path: string }> {
  await using server = await httpServer();
  expect(await send(webhook(`${server.url}${path}`, { preset }), change)).toMatchObject({ ok: true });
  const [request] = server.requests;
  expect(request).toMatchObject({ method: 'POST', headers: { 'content-type': 'application/json' } });
  return { json: JSON.parse(request?.body ?? ''), path: request?.path ?? '' };
}

describe('a webhook', () => {
  test('gets the event as JSON, with headers and token', async () => {
    await using server = await httpServer();
    const channel = webhook(`${server.url}/hook?a=1`, { headers: { 'X-Key': 'k3y' }, token: 'tok3n' });
    expect(await send(channel)).toMatchObject({ channel: 'hook', type: 'webhook', ok: true });
    const [request] = server.requests;
    expect(request?.path).toBe('/hook?a=1');
    expect(request?.headers).toMatchObject({
      'x-key': 'k3y',
      authorization: 'Bearer tok3n',
      'user-agent': 'Quackup',
    });
    expect(JSON.parse(request?.body ?? '')).toMatchObject({
      version: 1,
      ...event(),
      outcome: 'failure',
      subject: 'FAILED: nightly backup on db1',
      text: expect.stringContaining('What is still good:\nbackup_20261123_020000, 1 d 2 h old'),
    });
  });

  test('gets the payload that the configuration asks for, and it is always JSON', async () => {
    await using server = await httpServer();
    const payload = { summary: '{{title}}', tags: ['{{kind}}', 7, null], deep: { host: '{{host}}' } };
    expect(await send(webhook(server.url, { payload }), { title: 'a "quoted"\nline' })).toMatchObject({
      ok: true,
    });
    expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual({
      summary: 'a "quoted"\nline',
      tags: ['failure', 7, null],
      deep: { host: 'db1' },
    });
  });

  test('of Slack gets text in which nothing is a link, a mention or an end of the block', async () => {
    const problems = [{ code: 'X', message: '<!channel> & ``` <http://e.example|x>' }];
    const { json } = await posted('slack', { problems });
    const { text } = json as { text: string };
    expect(Object.keys(json as object)).toEqual(['text']);
    expect(text).toMatch(/^\*FAILED: nightly backup on db1\*\n```\n[^]*\n```$/);
    expect(text).toContain("&lt;!channel&gt; &amp; ''' &lt;http://e.example|x&gt;");
    expect(text.split('```')).toHaveLength(3);
  });

  test('of Teams gets an adaptive card with a line for each line, under 28 KB', async () => {
    const problems = Array.from({ length: 200 }, (_, index) => ({
      code: `P${index}`,
      message: '"ü"\n'.repeat(200),
      hint: 'x',
    }));
    const { json } = await posted('teams', { problems });
    expect(JSON.stringify(json).length).toBeLessThan(28_000);
    expect(json).toMatchObject({
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          content: { type: 'AdaptiveCard', body: expect.any(Array) },
        },
      ],
    });
    const [attachment] = (json as { attachments: { content: { body: { inlines: { text: string }[] }[] } }[] })
      .attachments;
    const texts = attachment?.content.body.flatMap(({ inlines }) => inlines.map(({ text }) => text)) ?? [];
    expect(texts.slice(0, 2)).toEqual(['FAILED: nightly backup on db1', 'FAILED: nightly backup']);
    expect(texts.at(-1)).toBe('… (cut off)');
    expect(texts.every((text) => text !== '' && !text.includes('\n'))).toBe(true);
  });

  test('of Discord gets an embed within its limits that calls nobody', async () => {
    const { json } = await posted('discord', {
      title: '🦆'.repeat(500),
      problems: [{ code: 'X', message: '@everyone '.repeat(2000) }],
    });
    const { embeds, allowed_mentions: mentions } = json as {
      embeds: { title: string; description: string; color: number }[];
      allowed_mentions: unknown;
    };
    expect(mentions).toEqual({ parse: [] });
    expect(embeds).toHaveLength(1);
    expect(Array.from(embeds[0]?.title ?? '').length).toBeLessThanOrEqual(256);
    expect(embeds[0]?.title.isWellFormed()).toBe(true);
    expect(embeds[0]?.description.length).toBeLessThanOrEqual(4096);
    expect(embeds[0]?.color).toBeGreaterThan(0);
  });

  test('of ntfy gets the topic in the message, at the root', async () => {
    const { json, path } = await posted(
      'ntfy',
      { problems: [{ code: 'X', message: 'ü'.repeat(5000) }] },
      '/sub/my-topic',
    );
    expect(path).toBe('/sub/');
    expect(json).toMatchObject({
      topic: 'my-topic',
      title: 'FAILED: nightly backup on db1',
      priority: 4,
      tags: ['rotating_light'],
    });
    expect(Buffer.byteLength((json as { message: string }).message)).toBeLessThanOrEqual(4096);
  });

  test('is reached by TLS with a certificate of its own, and not without', async () => {
    await using server = await httpServer(undefined, { tls: true });
    expect(await send(webhook(server.url, { ca: CERTIFICATE }))).toMatchObject({ ok: true });
    const { ok, error } = await send(webhook(server.url));
    expect(ok).toBe(false);
    expect(error).toMatch(/self-signed certificate/);
    expect(server.requests).toHaveLength(1);
  });

  test('that answers 503 once is asked again', async () => {
    await using server = await httpServer((response, count) => {
      response.statusCode = count === 1 ? 503 : 200;
      response.end();
    });
    expect(await send(webhook(server.url))).toMatchObject({ ok: true });
    expect(server.requests).toHaveLength(2);
  });

  test('that answers 500 for ever is asked three times; 404 once', async () => {
    for (const [status, times] of [
      [500, 3],
      [404, 1],
    ] as const) {
      await using server = await httpServer((response) => {
        response.statusCode = status;
        response.end('no\nsuch\thook');
      });
      const { ok, error } = await send(webhook(server.url));
      expect({ ok, error }).toEqual({ ok: false, error: `the server answers ${status}: no such hook` });
      expect(server.requests).toHaveLength(times);
    }
  });

  test('that asks for more patience than there is fails with its status', async () => {
    await using server = await httpServer((response) => {
      response.writeHead(429, { 'retry-after': '3600' });
      response.end();
    });
    const result = await send(webhook(server.url), {}, { timeoutMs: 200 });
    expect(result.ok).toBe(false);
    expect(result.error).toMatch(/answers 429/);
    expect(result.ms).toBeLessThan(2000);
    expect(server.requests).toHaveLength(1);
  });

  test('that redirects is not followed, and where to is not told', async () => {
    await using elsewhere = await httpServer();
    await using server = await httpServer((response) => {
      response.writeHead(307, { location: `${elsewhere.url}/secret-place` });
      response.end();
    });
    const { ok, error } = await send(webhook(server.url));
    expect(ok).toBe(false);
    expect(error).toMatch(/answers 307/);
    expect(error).not.toContain('secret-place');
    expect(elsewhere.requests).toEqual([]);
  });

  test('that says 200 and then dribbles its body for ever has taken it', async () => {
    await using server = await httpServer((response) => {
      response.writeHead(200);
      response.write('o');
      const timer = setInterval(() => response.write('o'), 20);
      response.on('close', () => clearInterval(timer));
    });
    const result = await send(webhook(server.url), {}, { timeoutMs: 10_000 });
    expect(result).toMatchObject({ ok: true });
    expect(result.ms).toBeLessThan(5000);
  });

  test('that never answers is given up in time, and its connection is closed', async () => {
    await using server = await rawServer(() => {});
    const result = await send(webhook(`http://127.0.0.1:${server.port}`), {}, { timeoutMs: 300 });
    expect(result).toMatchObject({ ok: false, error: 'no answer within 300 ms' });
    expect(result.ms).toBeLessThan(2000);
    await server.allClosed();
  });

  test('that hangs up or answers nonsense fails', async () => {
    for (const answer of ['', 'HELLO?\r\n\r\n']) {
      await using server = await rawServer((socket) => socket.end(answer));
      expect(await send(webhook(`http://127.0.0.1:${server.port}`))).toMatchObject({ ok: false });
    }
  });

  test('on which nobody listens fails with the reason', async () => {
    const { error } = await send(webhook(`http://127.0.0.1:${await closedPort()}`));
    expect(error).toContain('ECONNREFUSED');
  });

  test('never has its URL, token or headers in an error, even if the server repeats them', async () => {
    await using server = await httpServer((response) => {
      const { req } = response;
      response.statusCode = 403;
      response.end(
        [
          req.url,
          decodeURIComponent(req.url ?? ''),
          req.headers.authorization,
          req.headers['x-api-key'],
          `${server.url}${SECRET_PATH}`,
        ].join(' '),
      );
    });
    const logged: string[] = [];
    const channel = webhook(`${server.url}${SECRET_PATH}`, {
      headers: { 'X-Api-Key': 'header-secret' },
      token: 'token-secret',
    });
    const result = await send(channel, {}, { log: (_level, text) => logged.push(text) });
    const told = JSON.stringify([result, logged]);
    expect(told).toContain('***');
    expect(told).not.toMatch(/T00SECRET|B11hidden|hidden part|verySecret|header-secret|token-secret/);
  });

  test('has no half of a secret in an error that is cut off', async () => {
    const secret = 'abcdefghij'.repeat(40);
    await using server = await httpServer((response) => {
      response.statusCode = 400;
      response.end(`${'x'.repeat(240)} ${secret}`);
    });
    const { error } = await send(webhook(`${server.url}/${secret}`));
    expect(error).not.toContain('abcdefghij');
  });
});

describe('a healthcheck', () => {
  test.each([
    ['start', '/ping/abc/start'],
    ['success', '/ping/abc'],
    ['recovery', '/ping/abc'],
    ['warning', '/ping/abc'],
    ['failure', '/ping/abc/fail'],
  ] as const)('is pinged for %s at %s, with the run and the report', async (kind, path) => {
    await using server = await httpServer();
    const channel = channelSchema.parse({ type: 'healthcheck', url: `${server.url}/ping/abc/` });
    expect(await send(channel, { kind })).toMatchObject({ type: 'healthcheck', ok: true });
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.path).toBe(`${path}?rid=${event().runId}`);
    expect(server.requests[0]?.body).toContain('nightly backup');
  });

  test('hears of a warning as a failure if that is wished, and of no run that is no UUID', async () => {
    await using server = await httpServer();
    const channel = channelSchema.parse({
      type: 'healthcheck',
      url: `${server.url}/p?create=1`,
      warningAs: 'fail',
    });
    await send(channel, { kind: 'warning', runId: 'run 1' });
    expect(server.requests[0]?.path).toBe('/p/fail?create=1');
  });

  test('hears every run, also one that is no news to people', async () => {
    await using server = await httpServer();
    const channels = {
      hc: channelSchema.parse({ type: 'healthcheck', url: `${server.url}/ping` }),
      people: webhook(`${server.url}/people`),
    };
    const results = await notify(channels, event({ news: [] }));
    expect(results.map(({ channel }) => channel)).toEqual(['hc']);
    expect(server.requests.map(({ path }) => path)).toEqual([`/ping/fail?rid=${event().runId}`]);
  });
});
