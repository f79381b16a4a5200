import type { Config } from '@quackup/core';

import type { Messenger } from './messenger.ts';

/**
 * What tells those whom the configuration names. Undefined if it names nobody: then nothing of it is loaded.
 *
 * @throws CONFIG_INVALID if it says something impossible of a channel.
 */
export async function openMessenger(config: Config, env: NodeJS.ProcessEnv): Promise<Messenger | undefined> {
  if (config.notifications.size === 0) return undefined;
  const [{ Messenger }, { openChannels }] = await Promise.all([
    import('./messenger.ts'),
    import('./open-channels.ts'),
  ]);
  return new Messenger(await openChannels(config, env));
}
