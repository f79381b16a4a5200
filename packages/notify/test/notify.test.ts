import { describe, expect, test } from 'vitest';

import { type Channel, channelSchema, type EventKind, notify } from '../src/index.ts';
import { event } from './support/event.ts';
import { httpServer } from './support/http-server.ts';
import { rawServer } from './support/raw-server.ts';

function webhook(url: string, on?: readonly EventKind[]): Channel {
  return channelSchema.parse({ type: 'webhook', url, ...(on && { on }) });
}

describe('notify', () => {
  test('tells each channel what it wants, as the gravest of what it wants', async () => {
    await using server = await httpServer();
    const channels = {
      all: webhook(`${server.url}/all`, ['start', 'success', 'warning', 'failure', 'recovery']),
      recoveries: webhook(`${server.url}/recoveries`, ['recovery']),
      successes: webhook(`${server.url}/successes`, ['success']),
      byDefault: webhook(`${server.url}/default`),
    };
    const toldOf = async (kind: EventKind, news?: readonly EventKind[]): Promise<Record<string, string>> => {
      const before = server.requests.length;
      await notify(channels, event({ kind, news }));
      return Object.fromEntries(
        server.requests
          .slice(before)
          .map(({ path, body }) => [path.slice(1), (JSON.parse(body) as { kind: string }).kind]),
      );
    };
    expect(await toldOf('start')).toEqual({ all: 'start' });
    expect(await toldOf('success')).toEqual({ all: 'success', successes: 'success' });
    expect(await toldOf('failure')).toEqual({ all: 'failure', default: 'failure' });
    expect(await toldOf('success', ['recovery', 'success'])).toEqual({
      all: 'recovery',
      recoveries: 'recovery',
      successes: 'success',
      default: 'recovery',
    });
    expect(await toldOf('failure', ['failure', 'recovery'])).toEqual({
      all: 'failure',
      recoveries: 'recovery',
      default: 'failure',
    });
    expect(await toldOf('failure', [])).toEqual({});
  });

  test('asks all at once: one that hangs delays no other, and all is over after the limit', async () => {
    await using hanging = await rawServer(() => {});
    await using server = await httpServer();
    const began = performance.now();
    const results = await notify(
      {
        one: webhook(`http://127.0.0.1:${hanging.port}`),
        two: webhook(`http://127.0.0.1:${hanging.port}`),
        three: webhook(server.url),
      },
      event(),
      { timeoutMs: 500 },
    );
    expect(performance.now() - began).toBeLessThan(1000);
    expect(results.map(({ channel, ok }) => [channel, ok])).toEqual([
      ['one', false],
      ['two', false],
      ['three', true],
    ]);
    expect(results[2]?.ms).toBeLessThan(400);
  });

  test('ends at once when it is interrupted, before or while it waits', async () => {
    await using hanging = await rawServer(() => {});
    const channels = { one: webhook(`http://127.0.0.1:${hanging.port}`) };
    expect(await notify(channels, event(), { signal: AbortSignal.abort() })).toMatchObject([
      { ok: false, error: 'interrupted' },
    ]);
    expect(hanging.connections()).toBe(0);

    const abort = new AbortController();
    const notified = notify(channels, event(), { signal: abort.signal });
    abort.abort();
    expect(await notified).toMatchObject([{ ok: false, error: 'interrupted' }]);
  });

  test('does not fail when the log does', async () => {
    await using hanging = await rawServer((socket) => socket.destroy());
    const results = await notify({ one: webhook(`http://127.0.0.1:${hanging.port}`) }, event(), {
      retryMs: 1,
      log: () => {
        throw new Error('disk full');
      },
    });
    expect(results).toMatchObject([{ ok: false }]);
  });

  test('does not fail with a channel that no schema has seen', async () => {
    const broken = {
      ...webhook('http://127.0.0.1:1'),
      url: 'http://127.0.0.1:1',
      headers: { 'a b': 'c\nd' },
    } as Channel;
    expect(await notify({ broken }, event())).toMatchObject([{ channel: 'broken', ok: false }]);
  });

  test('without channels does nothing', async () => {
    expect(await notify({}, event())).toEqual([]);
  });
});
