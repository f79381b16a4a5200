/** Which backups of a target are not for the recipients that they should be for, and what has to be written to change that. */
import { isEncryptedKey } from '../format/backup-name.ts';
import { isSealedManifest } from '../format/manifest.ts';
import type { ArchiveReference } from '../format/schema.ts';
import type { SealedManifest } from '../format/sealed-manifest.ts';
import type { ListedBackup } from '../list/list-backups.ts';

/** One thing to do: an archive's header, and the manifest of its backup if that is listed. */
export interface RekeyStep {
  readonly archive: ArchiveReference;
  /** Absent for an archive whose backup was removed and that others still need. */
  readonly manifest?: SealedManifest;
  /** Fingerprints that the backup gets and loses. Of an archive without a backup nothing is known. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export interface RekeyPlan {
  /** In the order in which they are done: what others need comes first. */
  readonly steps: readonly RekeyStep[];
  /** Backups that are as they should be. */
  readonly unchanged: readonly string[];
  /** Backups that are not encrypted, and stay so. */
  readonly plain: readonly string[];
  /** Backups whose manifest cannot be read. */
  readonly damaged: readonly string[];
}

/**
 * @param listed All backups of a target.
 * @param wanted Fingerprints, sorted.
 * @param mixed Names of archives that are not for those whom the manifests name.
 */
export function planRekey(
  listed: readonly ListedBackup[],
  wanted: readonly string[],
  mixed: ReadonlySet<string>,
): RekeyPlan {
  const sealed = sealedOf(listed);
  const plain: string[] = [];
  const damaged: string[] = [];
  for (const { manifest, summary } of listed) {
    if (manifest === undefined && summary.origin === 'quackup') damaged.push(summary.name);
    else if (manifest === undefined || !isSealedManifest(manifest)) plain.push(summary.name);
  }
  const isDone = ({ recipients, archive }: SealedManifest): boolean =>
    JSON.stringify(recipients.toSorted()) === JSON.stringify(wanted) && !mixed.has(archive.name);
  const pending = sealed.filter((manifest) => !isDone(manifest)).toSorted(byStart);
  const owned = new Set(sealed.map(({ archive }) => archive.name));
  return {
    steps: [
      ...withoutBackup(sealed, owned, (backup, archive) => !isDone(backup) || mixed.has(archive)),
      ...pending.map((manifest) => ({
        archive: bare(manifest.archive),
        manifest,
        added: wanted.filter((each) => !manifest.recipients.includes(each)),
        removed: manifest.recipients.filter((each) => !wanted.includes(each)),
      })),
    ],
    unchanged: sealed.filter(isDone).map(({ name }) => name),
    plain,
    damaged,
  };
}

/** The sealed manifests of a target. */
export const sealedOf = (listed: readonly ListedBackup[]): SealedManifest[] =>
  listed.flatMap(({ manifest }) => (manifest !== undefined && isSealedManifest(manifest) ? [manifest] : []));

/** Archives that backups need, that belong to no listed one, and that have to be done. */
function withoutBackup(
  sealed: readonly SealedManifest[],
  owned: ReadonlySet<string>,
  isDue: (backup: SealedManifest, archive: string) => boolean,
): RekeyStep[] {
  const found = new Map<string, ArchiveReference>();
  for (const backup of sealed) {
    for (const reference of backup.references) {
      const { name } = reference;
      if (!owned.has(name) && isEncryptedKey(name) && isDue(backup, name)) found.set(name, reference);
    }
  }
  return [...found.values()]
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((archive) => ({ archive, added: [], removed: [] }));
}

const byStart = (a: SealedManifest, b: SealedManifest): number =>
  Date.parse(a.createdAt) - Date.parse(b.createdAt) || (a.name < b.name ? -1 : 1);

const bare = ({ name, sizeBytes, sha256 }: ArchiveReference): ArchiveReference => ({
  name,
  sizeBytes,
  sha256,
});

/** What a step writes again: all of the archive behind its header. */
export const bytesOf = (steps: readonly RekeyStep[]): number =>
  steps.reduce((sum, { archive }) => sum + archive.sizeBytes, 0);
