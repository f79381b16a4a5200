import { objectKey } from '@quackup/target-api';

import { ArchiveDigest, hasSizeOf } from '../format/archive-size.ts';
import type { ArchiveReference } from '../format/schema.ts';
import type { StoredHeader } from '../format/sealed-manifest.ts';
import type { TargetClient } from '../target/target-client.ts';

/** Of an archive as it lies on a target. It decides who can read the archive, whatever manifests say. */
export interface FoundHeader extends StoredHeader {
  readonly bytes: Buffer;
}

/**
 * The header of an encrypted archive whose object has `size` bytes.
 *
 * @returns undefined if what is before the archive's content is no header: then the archive is damaged.
 */
export async function readStoredHeader(
  client: TargetClient,
  archive: Pick<ArchiveReference, 'name' | 'sizeBytes'>,
  size: number,
): Promise<FoundHeader | undefined> {
  if (!hasSizeOf(archive, size)) return undefined;
  const bytes = await client.readRange(objectKey(archive.name), 0, size - archive.sizeBytes);
  const digest = new ArchiveDigest(archive.name);
  digest.update(bytes);
  const { header } = digest.finish();
  return header.sizeBytes === bytes.length ? { ...header, bytes } : undefined;
}
