/** From a backup's name to its manifest and index, each checked against what the one before says of it. */
import { createHash } from 'node:crypto';

import { objectKey } from '@quackup/target-api';

import { algorithmOfKey, type Codec, createCodec } from '../archive/compression.ts';
import { type ArchiveIndex, decodePages, parseIndexHead } from '../archive/index-file.ts';
import { QuackupError } from '../errors.ts';
import { isBackupName, manifestKey } from '../format/backup-name.ts';
import { type Manifest, MAX_MANIFEST_BYTES, parseManifest } from '../format/manifest.ts';
import type { TargetClient } from '../target/target-client.ts';

/** An index head may name many databases and archives; its pages are bounded by the chunks it counts. */
const MAX_INDEX_HEAD_BYTES = 256 * 1024 * 1024;

/**
 * @returns the manifest, or undefined if there is none: then there is no such backup.
 * @throws BACKUP_DAMAGED, FORMAT_UNSUPPORTED as {@link parseManifest}.
 */
export async function loadManifest(client: TargetClient, name: string): Promise<Manifest | undefined> {
  if (!isBackupName(name)) return undefined;
  const text = await client.readText(manifestKey(name), MAX_MANIFEST_BYTES);
  return text === undefined ? undefined : parseManifest(text, name);
}

/** The codec that decodes an archive, by the ending of its key. */
export const codecOfArchive = (key: string): Codec => createCodec({ algorithm: algorithmOfKey(key) });

/**
 * Reads a backup's index by two range reads.
 *
 * @throws BACKUP_DAMAGED if it is missing, is not what the manifest says, or points outside the archives.
 */
export async function loadIndex(client: TargetClient, manifest: Manifest): Promise<ArchiveIndex> {
  const { archive, index: place } = manifest;
  if (
    place.headBytes > MAX_INDEX_HEAD_BYTES ||
    place.offset + place.length > archive.sizeBytes ||
    place.headLength > place.length
  ) {
    throw damaged(manifest, 'the manifest says that it lies where it cannot');
  }
  const key = objectKey(archive.name);
  let stored: Buffer;
  try {
    stored = await client.readRange(key, place.offset, place.length);
  } catch (error) {
    if (error instanceof QuackupError || (error as { code?: string }).code !== 'NOT_FOUND') throw error;
    throw damaged(manifest, 'its archive is gone', error);
  }
  if (createHash('sha256').update(stored).digest('hex') !== place.sha256) {
    throw damaged(manifest, 'its bytes are not those that were written');
  }
  const codec = codecOfArchive(archive.name);
  const head = parseIndexHead(await codec.decode(stored.subarray(0, place.headLength), place.headBytes));
  const index = await decodePages(head, stored.subarray(place.headLength), codec);
  checkAgreement(manifest, index);
  return index;
}

export function notFound(client: TargetClient, name: string): QuackupError {
  return new QuackupError('BACKUP_NOT_FOUND', `there is no backup ${name} on ${client.target.displayName}`, {
    hint: 'quackup list shows the backups that there are',
  });
}

/** The index repeats what the manifest says; where they differ one of them belongs to something else. */
function checkAgreement(manifest: Manifest, { head, tables }: ArchiveIndex): void {
  const [own, ...earlier] = head.archives;
  const agrees =
    head.backup === manifest.name &&
    own?.name === manifest.archive.name &&
    JSON.stringify(earlier) === JSON.stringify(manifest.references) &&
    JSON.stringify(head.databases) === JSON.stringify(manifest.databases);
  if (!agrees) throw damaged(manifest, 'it belongs to another backup');
  const names = new Set(manifest.databases.map(({ name }) => name));
  const seen = new Set<string>();
  for (const { database, role } of head.files) {
    if (!names.has(database) || seen.has(`${role} ${database}`)) {
      throw damaged(manifest, `it holds a file of ${database} that it must not`);
    }
    seen.add(`${role} ${database}`);
  }
  for (const name of names) {
    if (!seen.has(`database ${name}`)) throw damaged(manifest, `it holds no file for ${name}`);
  }
  const sizes = [manifest.archive.sizeBytes, ...manifest.references.map(({ sizeBytes }) => sizeBytes)];
  for (const table of tables) {
    for (let chunk = 0; chunk < table.count; chunk += 1) {
      const location = table.location(chunk);
      if (location !== undefined && location.offset + location.length > (sizes[location.archive] ?? 0)) {
        throw damaged(manifest, 'it points behind the end of an archive');
      }
    }
  }
}

function damaged(manifest: Manifest, why: string, cause?: unknown): QuackupError {
  return new QuackupError('BACKUP_DAMAGED', `the index of ${manifest.name} is damaged: ${why}`, {
    cause,
    hint: 'use another backup; quackup verify --all shows which are whole',
  });
}
