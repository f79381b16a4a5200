import type { BackupSummary } from '../api.ts';

/**
 * What the archives of these backups take: each archive that one of them needs counts once, also if the backup that it was
 * made for is gone.
 *
 * @param backups All of one target.
 */
export function storedBytesOf(backups: readonly Pick<BackupSummary, 'archives'>[]): number {
  const sizes = new Map(
    backups.flatMap(({ archives }) => archives.map(({ name, sizeBytes }) => [name, sizeBytes] as const)),
  );
  return [...sizes.values()].reduce((sum, sizeBytes) => sum + sizeBytes, 0);
}
