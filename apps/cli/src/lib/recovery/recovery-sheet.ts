import { resolve } from 'node:path';

import type { Config } from '@quackup/core';

import type { SheetKey } from './sheet-keys.ts';
import { type SheetStep, sheetSteps } from './sheet-steps.ts';

/** What stands on a recovery sheet, in the order in which it stands there. */
export interface RecoverySheet {
  readonly title: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly warnings: readonly string[];
  readonly keys: readonly SheetKey[];
  /** Where backups lie, one a line; a line to be filled in if nobody has said it. */
  readonly places: readonly string[];
  readonly steps: readonly SheetStep[];
}

/** For a pen: a made-up place would be believed when it is needed. */
const NOT_KNOWN = `not known when this was made; write it here: ${'_'.repeat(48)}`;

/**
 * Pure: the same input makes the same sheet.
 *
 * @param config Absent: there is none, so nothing says where backups lie.
 */
export function recoverySheet(
  keys: readonly SheetKey[],
  config: Config | undefined,
  now: Date,
): RecoverySheet {
  const encrypted = keys.every(({ kind }) => kind === 'encrypted');
  return {
    title: 'Quackup recovery sheet',
    createdAt: now.toISOString(),
    warnings: [
      encrypted
        ? 'SECRET. Whoever has this sheet and the passphrase of the key can read every backup that was made for it. The passphrase is not on it.'
        : 'SECRET. Whoever has this sheet can read every backup that was made for it.',
      'Print it, see that the code can be scanned, keep it where the backups are not, and delete the file. A printer may keep a copy.',
      'Without this key nobody can read the backups. Changing the key later does not take away what this sheet opens.',
    ],
    keys,
    places:
      config === undefined
        ? [NOT_KNOWN]
        : [...config.targets].map(
            ([name, { type, options }]) => `${name}: ${type}${placeOf(options, config)}`,
          ),
    steps: sheetSteps(keys),
  };
}

/** Options of the targets that come with Quackup that say where, and are no secrets. Others are not shown, whatever they are. */
const PLACE_OPTIONS = ['path', 'bucket', 'container', 'account', 'prefix', 'region', 'host'] as const;

function placeOf(options: Readonly<Record<string, unknown>>, { baseDir }: Config): string {
  const parts = PLACE_OPTIONS.flatMap((key) => {
    const value = options[key];
    if (typeof value !== 'string') return [];
    return [`, ${key} ${key === 'path' ? resolve(baseDir, value) : value}`];
  });
  return parts.join('');
}
