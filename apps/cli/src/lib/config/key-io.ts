import type { Config, KeyIo, SecretSource } from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { askSecret, canAsk } from '../keys/ask-secret.ts';

/** What has been taken out of an environment. */
const TAKEN = new WeakMap<NodeJS.ProcessEnv, Record<string, string>>();

/**
 * What getting the keys of a configuration may use. Variables that hold keys are taken out of the environment of this process, so
 * that no process that it starts inherits them: call it before anything is started. Who runs for long may call it again.
 */
export function keyIo({ io }: CommandContext, { encryption }: Config): KeyIo {
  const taken = TAKEN.get(io.env) ?? {};
  TAKEN.set(io.env, taken);
  for (const name of encryption === undefined ? [] : secretVariables(encryption)) {
    if (io.env[name] === undefined) continue;
    taken[name] = io.env[name];
    delete io.env[name];
  }
  const env = { ...io.env, ...taken };
  return { env, signal: io.signal, ...(canAsk(io) && { ask: (question) => askSecret(question, io) }) };
}

function secretVariables({ identities, passphrase }: NonNullable<Config['encryption']>): string[] {
  return [...identities, ...(passphrase === undefined ? [] : [passphrase])].flatMap(variablesOf);
}

function variablesOf(source: SecretSource): string[] {
  if (source === 'prompt') return [];
  if ('env' in source) return [source.env];
  return 'file' in source && source.passphrase !== undefined ? variablesOf(source.passphrase) : [];
}
