import { QuackupError } from '../errors.ts';
import { isEncryptedKey, roleOfKey } from '../format/backup-name.ts';
import type { TargetClient } from './target-client.ts';

/** @returns PLAIN_REFUSED: what is not encrypted would get to a target for encrypted backups only. */
export function plainRefused({ name, target }: TargetClient, what: string): QuackupError {
  return new QuackupError(
    'PLAIN_REFUSED',
    `${what} is not encrypted, and only encrypted backups may be written to ${name} (${target.displayName}); nothing was written`,
    {
      hint: 'make a new backup, which is encrypted; or name a target of a configuration without `encryption:`',
    },
  );
}

/** @returns TARGET_ACCESS: the configuration says that a target does not allow this. */
export function notAllowed({ name, target, access }: TargetClient, what: string): QuackupError {
  return new QuackupError(
    'TARGET_ACCESS',
    `${what} is not possible on ${name} (${target.displayName}), which is ${access} by the configuration`,
    { hint: 'do it on a machine that may, with a configuration of its own; see docs/guides/encryption.md' },
  );
}

/** Whether an archive of this key, or a manifest of this text, tells everyone what is in it. */
export function isPlain(key: string, text?: string): boolean {
  const { role } = roleOfKey(key);
  if (role === 'archive') return !isEncryptedKey(key);
  return role === 'manifest' && (text === undefined || !text.includes('\n  "sealed": "'));
}
