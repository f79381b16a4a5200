/** What can be verified of a backup without reading what is in it. */
import { objectKey } from '@quackup/target-api';

import type { VerifyOptions } from '../api.ts';
import { describeSize, hasSizeOf } from '../format/archive-size.ts';
import type { StoredManifest } from '../format/manifest.ts';
import type { ArchiveReference } from '../format/schema.ts';
import type { TargetClient } from '../target/target-client.ts';
import { checkArchive } from './check-archive.ts';
import type { Problems } from './problems.ts';

/** Level `archive` without a key: the bytes of the archive, and of the earlier ones that it needs. */
export async function verifyStored(
  client: TargetClient,
  manifest: StoredManifest,
  { onProgress }: VerifyOptions,
  problems: Problems,
): Promise<void> {
  const { name: task, archive, references } = manifest;
  const totalBytes = bytesOf([archive, ...references]);
  onProgress?.({ type: 'task-start', task, label: `verifying ${task}`, totalBytes });
  const onBytes = (bytes: number): void => onProgress?.({ type: 'task-advance', task, bytes });
  try {
    await checkArchive(client, archive, problems, { index: undefined, onBytes });
    for (const reference of await checkReferences(client, references, problems))
      await checkArchive(client, reference, problems, { index: undefined, onBytes });
  } finally {
    onProgress?.({ type: 'task-end', task });
  }
}

/** Bytes of archives. */
export function bytesOf(archives: readonly Pick<ArchiveReference, 'sizeBytes'>[]): number {
  return archives.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/**
 * Whether the earlier archives that a backup needs are there.
 *
 * @returns those that are, and are as long as they must be.
 */
export async function checkReferences(
  client: TargetClient,
  references: readonly ArchiveReference[],
  problems: Problems,
): Promise<ArchiveReference[]> {
  const there: ArchiveReference[] = [];
  for (const reference of references) {
    const found = await client.stat(objectKey(reference.name));
    if (hasSizeOf(reference, found?.size)) {
      there.push(reference);
      continue;
    }
    problems.add({
      code: 'BACKUP_DAMAGED',
      object: reference.name,
      message:
        found === undefined
          ? 'an archive that this backup needs is gone'
          : `it ${describeSize(reference, found.size)}`,
    });
  }
  return there;
}
