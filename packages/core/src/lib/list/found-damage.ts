import type { BackupSummary } from '../api.ts';
import type { DamageRecord } from '../format/damage-record.ts';
import type { StoredManifest } from '../format/manifest.ts';

/** Archives that a verification found damaged, and where that is written down. */
export function damagedArchives(damage: readonly DamageRecord[]): ReadonlyMap<string, DamageRecord> {
  return new Map(damage.flatMap((record) => record.archives.map((name) => [name, record])));
}

/** What verifications found in a backup, or in earlier archives that it needs. A scan that passed since then refutes it. */
export function foundDamage(
  { name, archive, references }: Pick<StoredManifest, 'name' | 'archive' | 'references'>,
  { damage }: { readonly damage: readonly DamageRecord[] },
  verified: BackupSummary['verified'],
): Pick<BackupSummary, 'damaged' | 'suspect'> {
  const standing = damage.filter(
    ({ at }) => verified === null || at === undefined || at.getTime() >= Date.parse(verified.at),
  );
  const own = standing.find(({ backup }) => backup === name);
  if (own !== undefined) {
    const what = own.message === undefined ? 'found it damaged' : `found: ${own.message}`;
    const hint = `quackup verify ${name} shows all; see docs/errors/BACKUP_DAMAGED.md`;
    return { damaged: { code: 'BACKUP_DAMAGED', message: `a verification${on(own)} ${what}`, hint } };
  }
  const damaged = damagedArchives(standing);
  const needed = [archive, ...references].find((each) => damaged.has(each.name));
  const record = needed && damaged.get(needed.name);
  if (needed === undefined || record === undefined) return {};
  return {
    suspect: {
      code: 'BACKUP_DAMAGED',
      message: `${needed.name}, which it needs, was found damaged when ${record.backup} was verified${on(record)}`,
      hint: `quackup verify ${name} --level scan tells whether it restores`,
    },
  };
}

const on = ({ at }: DamageRecord): string => (at === undefined ? '' : ` of ${at.toISOString()}`);
