import { objectKey } from '@quackup/target-api';

import { isEncryptedKey } from '../format/backup-name.ts';
import { isSealedManifest, type StoredManifest } from '../format/manifest.ts';
import type { ArchiveReference } from '../format/schema.ts';
import type { StoredHeader } from '../format/sealed-manifest.ts';
import { readStoredHeader } from '../read/stored-header.ts';
import type { TargetClient } from '../target/target-client.ts';
import { ArchiveRecords } from './archive-records.ts';

/** An archive that a backup needs, as it is to be on the other target. */
export interface NeededArchive extends ArchiveReference {
  /** Of an encrypted one, unless nobody knows it. */
  readonly header?: StoredHeader;
}

/** The archives of a backup, those that others may need first. */
export async function neededArchives(
  source: TargetClient,
  { archive, references }: StoredManifest,
): Promise<NeededArchive[]> {
  const { name, sizeBytes, sha256 } = archive;
  const own = { name, sizeBytes, sha256, ...('header' in archive && { header: archive.header }) };
  const needed: NeededArchive[] = [];
  for (const reference of references) {
    const header = isEncryptedKey(reference.name) ? await headerOf(source, reference) : undefined;
    needed.push({ ...reference, ...(header !== undefined && { header }) });
  }
  return [...needed, own];
}

/** What its own manifest says, so that one that is half changed to other recipients is not spread; else what is stored. */
async function headerOf(source: TargetClient, archive: ArchiveReference): Promise<StoredHeader | undefined> {
  const owner = await new ArchiveRecords(source).ownerOf(archive.name);
  if (owner !== undefined && isSealedManifest(owner) && owner.archive.sha256 === archive.sha256)
    return owner.archive.header;
  const size = (await source.stat(objectKey(archive.name)))?.size;
  return size === undefined ? undefined : readStoredHeader(source, archive, size);
}
