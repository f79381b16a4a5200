import { type Config, QuackupError } from '@quackup/core';

import type { Keys } from '../config/keys.ts';

/**
 * Refuses what was asked for in so many words and cannot be done from here.
 *
 * @throws CONFIG_INVALID
 */
export function checkVerification(
  { verify, encryption, backup, targets, placeOf }: Config,
  { source }: Keys,
): void {
  const asked = verify.scanEveryMs === undefined ? verify.daily : 'scan';
  if (asked === undefined) return;
  const place = placeOf(['verify']);
  if (encryption !== undefined && source === undefined && asked !== 'archive') {
    throw new QuackupError(
      'CONFIG_INVALID',
      `${place}: level ${asked} reads what is in the backups, and no key is named to read them with; nothing was done`,
      {
        hint: 'name the key with encryption.identities, or leave `verify:` out: then the stored bytes are verified',
      },
    );
  }
  if (backup.targets.every((name) => targets.get(name)?.access === 'write-only')) {
    throw new QuackupError(
      'CONFIG_INVALID',
      `${place}: nothing can be verified on targets that are write-only; nothing was done`,
      { hint: 'leave `verify:` out here, and verify from a machine that may read' },
    );
  }
}
