import { ARCHIVE_EXTENSIONS } from '../format/backup-name.ts';
import type { BackupSummary } from '../api.ts';
import type { ListedBackup, TargetContent } from './list-backups.ts';

/**
 * Bytes that the removal of each backup alone would free, by its name: its archives that no other backup needs. Nothing
 * while the manifest of another cannot be read, since that one may need any of them.
 */
export function whatRemovalFrees(
  backups: readonly Pick<ListedBackup, 'summary' | 'manifest'>[],
  { sizes }: Pick<TargetContent, 'sizes'>,
): ReadonlyMap<string, number> {
  const needs = new Map(backups.map((backup) => [backup.summary.name, keysOf(backup, sizes)]));
  const users = new Map<string, number>();
  for (const archives of needs.values()) {
    for (const archive of archives) users.set(archive, (users.get(archive) ?? 0) + 1);
  }
  const unreadable = backups.filter(isUnreadable);
  return new Map(
    backups.map((backup) => {
      const { name } = backup.summary;
      if (unreadable.some((other) => other !== backup)) return [name, 0];
      const alone = (needs.get(name) ?? []).filter((archive) => users.get(archive) === 1);
      return [name, alone.reduce((sum, archive) => sum + (sizes.get(archive) ?? 0), 0)];
    }),
  );
}

const isUnreadable = ({ summary, manifest }: Pick<ListedBackup, 'summary' | 'manifest'>): boolean =>
  manifest === undefined && summary.origin === 'quackup';

/** The archives that a backup needs, its own among them, as far as they are there. */
export function archivesOf(
  backup: Pick<ListedBackup, 'summary' | 'manifest'>,
  sizes: TargetContent['sizes'],
): BackupSummary['archives'] {
  return keysOf(backup, sizes).flatMap((name) => {
    const sizeBytes = sizes.get(name);
    return sizeBytes === undefined ? [] : [{ name, sizeBytes }];
  });
}

function keysOf(
  { summary, manifest }: Pick<ListedBackup, 'summary' | 'manifest'>,
  sizes: ReadonlyMap<string, number>,
): readonly string[] {
  if (manifest !== undefined) return [manifest.archive, ...manifest.references].map(({ name }) => name);
  return ARCHIVE_EXTENSIONS.map((extension) => `${summary.name}${extension}`).filter((key) => sizes.has(key));
}
