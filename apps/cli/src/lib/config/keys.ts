import {
  type Config,
  type Encryption,
  type KeySource,
  keySourceOf,
  QuackupError,
  resolveIdentities,
  resolveRecipients,
} from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { keyIo } from './key-io.ts';

/** What the configuration says of encryption, ready to be used. */
export interface Keys {
  /**
   * Whom backups are encrypted for; undefined if they are plain.
   *
   * @throws CONFIG_INVALID, KEY_UNAVAILABLE
   */
  encryption(): Promise<Encryption | undefined>;
  /** The keys to read with; undefined if the configuration names none. */
  readonly source: KeySource | undefined;
  /** The same for what goes without a key too: nobody is asked, and a key that cannot be had is not there. */
  readonly optional: KeySource | undefined;
}

/** Call it once in a run, before anything is started: see {@link keyIo}. */
export function openKeys(context: CommandContext, config: Config): Keys {
  const io = keyIo(context, config);
  const { identities = [], passphrase } = config.encryption ?? {};
  const isNamed = identities.length > 0 || passphrase !== undefined;
  return {
    encryption: async () => {
      const recipients = await resolveRecipients(config, io);
      return recipients && { recipients };
    },
    source: isNamed ? keySourceOf(config, io) : undefined,
    optional: isNamed ? () => orNone(resolveIdentities(config, { env: io.env })) : undefined,
  };
}

async function orNone<Key>(keys: Promise<readonly Key[]>): Promise<readonly Key[]> {
  try {
    return await keys;
  } catch (error) {
    if (error instanceof QuackupError && error.code === 'KEY_UNAVAILABLE') return [];
    throw error;
  }
}
