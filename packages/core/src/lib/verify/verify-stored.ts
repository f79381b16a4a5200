/** What can be verified of a backup without reading what is in it. */
import { objectKey } from '@quackup/target-api';

import type { VerifyOptions } from '../api.ts';
import { describeSize, hasSizeOf } from '../format/archive-size.ts';
import type { StoredManifest } from '../format/manifest.ts';
import type { ArchiveReference } from '../format/schema.ts';
import type { TargetClient } from '../target/target-client.ts';
import { checkArchive } from './check-archive.ts';
import type { Problems } from './problems.ts';

/** Level `archive` without a key: the archive's bytes, and whether the others are there. */
export async function verifyStored(
  client: TargetClient,
  manifest: StoredManifest,
  { onProgress }: VerifyOptions,
  problems: Problems,
): Promise<void> {
  const { name: task, archive, references } = manifest;
  onProgress?.({ type: 'task-start', task, label: `verifying ${task}`, totalBytes: archive.sizeBytes });
  try {
    await checkArchive(client, manifest, problems, {
      index: undefined,
      onBytes: (bytes) => onProgress?.({ type: 'task-advance', task, bytes }),
    });
    await checkReferences(client, references, problems);
  } finally {
    onProgress?.({ type: 'task-end', task });
  }
}

/** Whether the earlier archives that a backup needs are there. */
export async function checkReferences(
  client: TargetClient,
  references: readonly ArchiveReference[],
  problems: Problems,
): Promise<void> {
  for (const reference of references) {
    const found = await client.stat(objectKey(reference.name));
    if (hasSizeOf(reference, found?.size)) continue;
    problems.add({
      code: 'BACKUP_DAMAGED',
      object: reference.name,
      message:
        found === undefined
          ? 'an archive that this backup needs is gone'
          : `it ${describeSize(reference, found.size)}`,
    });
  }
}
