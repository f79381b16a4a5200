/** What can be verified of a backup without reading what is in it. */
import { objectKey } from '@quackup/target-api';

import type { VerifyOptions } from '../api.ts';
import { describeSize, hasSizeOf } from '../format/archive-size.ts';
import type { StoredManifest } from '../format/manifest.ts';
import type { ArchiveReference } from '../format/schema.ts';
import type { TargetClient } from '../target/target-client.ts';
import { checkArchive } from './check-archive.ts';
import { Problems } from './problems.ts';

/** Level `archive` without a key: the bytes of the archive, and of the earlier ones that it needs. */
export async function verifyStored(
  client: TargetClient,
  manifest: StoredManifest,
  { onProgress, proven }: VerifyOptions,
  problems: Problems,
): Promise<void> {
  const { name: task, archive, references } = manifest;
  const totalBytes = bytesOf([archive, ...references]);
  onProgress?.({ type: 'task-start', task, label: `verifying ${task}`, totalBytes });
  const onBytes = (bytes: number): void => onProgress?.({ type: 'task-advance', task, bytes });
  try {
    await checkArchive(client, archive, problems, { index: undefined, onBytes });
    await checkReferences(client, references, problems, { readIn: proven ?? new Set(), onBytes });
  } finally {
    onProgress?.({ type: 'task-end', task });
  }
}

/** Bytes of archives. */
export function bytesOf(archives: readonly Pick<ArchiveReference, 'sizeBytes'>[]): number {
  return archives.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** How to look at earlier archives. */
export interface CheckReferencesOptions {
  /**
   * Set if they are to be read: of those in here, which are added to, it is known that they are what was recorded. Otherwise
   * whether they are there is all that is asked.
   */
  readonly readIn?: Set<string>;
  readonly onBytes?: (bytes: number) => void;
}

/** Whether the earlier archives that a backup needs are there, and what was written. */
export async function checkReferences(
  client: TargetClient,
  references: readonly ArchiveReference[],
  problems: Problems,
  { readIn, onBytes }: CheckReferencesOptions = {},
): Promise<void> {
  for (const reference of references) {
    const found = await client.stat(objectKey(reference.name));
    if (!hasSizeOf(reference, found?.size)) {
      problems.add({
        code: 'BACKUP_DAMAGED',
        object: reference.name,
        message:
          found === undefined
            ? 'an archive that this backup needs is gone'
            : `it ${describeSize(reference, found.size)}`,
      });
      continue;
    }
    const known = `${reference.name} ${reference.sha256}`;
    if (readIn === undefined || readIn.has(known)) continue;
    const own = new Problems();
    await checkArchive(client, reference, own, { index: undefined, ...(onBytes && { onBytes }) });
    if (own.none) readIn.add(known);
    for (const problem of own.list()) problems.add(problem);
  }
}
