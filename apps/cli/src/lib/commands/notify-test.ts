import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

import { EXIT, QuackupError } from '@quackup/core';
import { type Channels, notify } from '@quackup/notify';

import type { CommandContext } from '../command-context.ts';
import { findConfig } from '../config/find-config.ts';
import type { NotifierResult } from '../notify/messenger.ts';
import { openChannels } from '../notify/open-channels.ts';
import { renderNotifyTest } from '../render/notify-test.ts';

/**
 * Sends a message to one channel, or to all, whatever they have asked to be told of.
 *
 * @returns 0 if each was taken, else 1.
 */
export async function notifyTest(context: CommandContext, name: string | undefined): Promise<number> {
  const config = await findConfig(context);
  const known = [...config.notifications.keys()];
  if (known.length === 0 || (name !== undefined && !known.includes(name))) {
    const message =
      name === undefined
        ? `${config.path} names nobody to be told`
        : `there is no channel "${name}" in ${config.path}`;
    throw new QuackupError('CONFIG_INVALID', message, {
      hint:
        known.length === 0
          ? 'add one under notifications: to the configuration'
          : `use one of: ${known.join(', ')}`,
    });
  }
  const { env, signal, now } = context.io;
  const chosen = name === undefined ? config.notifications : onlyOf(config.notifications, name);
  const { channels, unusable } = await openChannels({ ...config, notifications: chosen }, env);
  const wanted: Channels = Object.fromEntries(
    Object.entries(channels).map(([key, channel]) => [key, { ...channel, on: ['success'] }]),
  );
  const sent = await notify(
    wanted,
    {
      kind: 'success',
      title: 'test message, no backup was made',
      host: hostname(),
      runId: randomUUID(),
      startedAt: now().toISOString(),
      databases: [],
      targets: [],
      problems: [],
    },
    { signal },
  );
  const results: NotifierResult[] = [...sent, ...unusable];
  const well = results.every(({ ok, warning }) => ok && warning === undefined);
  context.report({ channels: results }, renderNotifyTest(results, context.colors), well);
  return results.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed;
}

function onlyOf<Value>(map: ReadonlyMap<string, Value>, name: string): ReadonlyMap<string, Value> {
  return new Map([...map].filter(([key]) => key === name));
}
