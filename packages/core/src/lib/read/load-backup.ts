/** From a backup's name to its manifest and index, each checked against what the one before says of it. */
import { createHash } from 'node:crypto';

import { type ObjectKey, objectKey } from '@quackup/target-api';

import { algorithmOfKey, type Codec, createCodec } from '../archive/compression.ts';
import { type ArchiveIndex, decodePages, parseIndexHead } from '../archive/index-file.ts';
import { checkDatabaseName, checkEntryNames } from '../config/index.ts';
import { QuackupError } from '../errors.ts';
import { isBackupName, manifestKey, roleOfKey } from '../format/backup-name.ts';
import { ageFailure } from '../encryption/age-failure.ts';
import { contentSize } from '../format/archive-size.ts';
import {
  isSealedManifest,
  type Manifest,
  MAX_MANIFEST_BYTES,
  parseManifest,
  type StoredManifest,
} from '../format/manifest.ts';
import { openSealedManifest } from '../format/sealed-manifest.ts';
import type { TargetClient } from '../target/target-client.ts';
import type { ArchiveReader } from './archive-reader.ts';

/**
 * Bytes of an index's head, which repeats what the manifest says of its databases: four times as much as a manifest may
 * have, and room for the pages of any database.
 */
const MAX_INDEX_HEAD_BYTES = 4 * MAX_MANIFEST_BYTES;

/**
 * @returns the manifest, or undefined if there is none: then there is no such backup.
 * @throws BACKUP_DAMAGED, FORMAT_UNSUPPORTED as {@link parseManifest}.
 */
export async function loadManifest(client: TargetClient, name: string): Promise<StoredManifest | undefined> {
  if (!isBackupName(name)) return undefined;
  const text = await client.readText(manifestKey(name), MAX_MANIFEST_BYTES);
  return text === undefined ? undefined : parseManifest(text, name);
}

/**
 * All that a manifest says, whether or not a key is needed for it.
 *
 * @throws KEY_REQUIRED, KEY_WRONG if it is encrypted and cannot be read.
 * @throws BACKUP_DAMAGED if what it says outside is not what was sealed.
 */
export async function openManifest(archives: ArchiveReader, manifest: StoredManifest): Promise<Manifest> {
  if (!isSealedManifest(manifest)) return manifest;
  return openSealedManifest(manifest, await archives.identities(`${manifest.name}.json`));
}

/** The codec that decodes an archive, by the ending of its key. */
export const codecOfArchive = (key: string): Codec => createCodec({ algorithm: algorithmOfKey(key) });

/**
 * Reads a backup's index by two range reads.
 *
 * @throws BACKUP_DAMAGED if it is missing, is not what the manifest says, or points outside the archives.
 * @throws ARCHIVE_HOSTILE if it names databases as no backup does.
 */
export async function loadIndex(archives: ArchiveReader, manifest: Manifest): Promise<ArchiveIndex> {
  const { archive, index: place } = manifest;
  if (
    place.headBytes > MAX_INDEX_HEAD_BYTES ||
    place.offset + place.length > sizeOfContent(archive) ||
    place.headLength > place.length
  ) {
    throw damaged(manifest, 'the manifest says that it lies where it cannot');
  }
  const key = objectKey(archive.name);
  let stored: Buffer;
  try {
    stored = await readStored(archives, key, place);
  } catch (error) {
    if (error instanceof QuackupError || (error as { code?: string }).code !== 'NOT_FOUND') throw error;
    throw damaged(manifest, 'its archive is gone', { cause: error, isThere: false });
  }
  if (stored.length !== place.length) throw damaged(manifest, 'the archive ends before it does');
  if (createHash('sha256').update(stored).digest('hex') !== place.sha256) {
    throw damaged(manifest, 'its bytes are not those that were written');
  }
  const codec = codecOfArchive(archive.name);
  const head = parseIndexHead(await codec.decode(stored.subarray(0, place.headLength), place.headBytes));
  const index = await decodePages(head, stored.subarray(place.headLength), codec);
  checkAgreement(manifest, index);
  return index;
}

/** That there is no such backup. One whose manifest alone is lost can be had back. */
export async function notFound(client: TargetClient, name: string): Promise<QuackupError> {
  for await (const { key } of client.list(`${name}.`)) {
    if (roleOfKey(key).role !== 'archive') continue;
    const message = `there is no backup ${name} on ${client.target.displayName}, only its archive ${key}: it was not finished, or its manifest was lost`;
    return new QuackupError('BACKUP_NOT_FOUND', message, {
      hint: 'quackup repair lists it again if the archive is whole',
    });
  }
  return new QuackupError('BACKUP_NOT_FOUND', `there is no backup ${name} on ${client.target.displayName}`, {
    hint: 'quackup list shows the backups that there are',
  });
}

/** A range as it comes: memory is taken for what is there, not for what the manifest says. */
async function readStored(
  archives: ArchiveReader,
  key: ObjectKey,
  { offset, length }: { readonly offset: number; readonly length: number },
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let done = 0;
  for await (const piece of archives.read(key, { start: offset, end: offset + length })) {
    pieces.push(piece);
    done += piece.length;
    if (done > length) break;
  }
  return Buffer.concat(pieces, done);
}

/** Names that no backup holds would be paths to somewhere else, or two of them one file. */
function checkNames(manifest: Manifest): void {
  const names = manifest.databases.map(({ name }) => name);
  for (const name of names) {
    const wrong = checkDatabaseName(name);
    if (wrong !== undefined) throw hostile(manifest, `a database ${JSON.stringify(name)}, which ${wrong}`);
  }
  const [conflict] = checkEntryNames(names);
  if (conflict !== undefined) {
    throw hostile(
      manifest,
      `${JSON.stringify(conflict.name)} and ${JSON.stringify(conflict.with ?? conflict.entry)}, which cannot both be`,
    );
  }
}

function hostile({ name }: Manifest, what: string): QuackupError {
  return new QuackupError('ARCHIVE_HOSTILE', `${name} names ${what}; nothing of it was used`, {
    hint: 'find out where this backup comes from before you use anything in it',
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
  checkNames(manifest);
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
  const sizes = [manifest.archive, ...manifest.references].map(sizeOfContent);
  // Chunks of this archive lie in the order of the files, all before the index.
  sizes[0] = manifest.index.offset;
  let ownEnd = 0;
  for (const table of tables) {
    for (let chunk = 0; chunk < table.count; chunk += 1) {
      const location = table.location(chunk);
      if (location === undefined) continue;
      const { archive, offset, length } = location;
      const end = offset + length;
      if (end > (sizes[archive] ?? 0)) throw damaged(manifest, 'it points behind the end of the chunks');
      if (archive !== 0) continue;
      if (offset < ownEnd) throw damaged(manifest, 'two of its chunks overlap, or are out of order');
      ownEnd = end;
    }
  }
}

/** @throws BACKUP_DAMAGED if no archive is so long. */
function sizeOfContent(archive: Manifest['references'][number]): number {
  try {
    return contentSize(archive);
  } catch (error) {
    throw ageFailure(archive.name, error);
  }
}

function damaged(
  manifest: Manifest,
  why: string,
  { cause, isThere = true }: { readonly cause?: unknown; readonly isThere?: boolean } = {},
): QuackupError {
  const { kind, archive } = manifest;
  // Of others nothing tells where the chunks of the earlier archives are, or whether data are whole.
  const isRepairable = isThere && kind === 'full' && archive.compression.algorithm !== 'none';
  const another = 'use another backup; quackup verify --all shows which are whole';
  return new QuackupError('BACKUP_DAMAGED', `the index of ${manifest.name} is damaged: ${why}`, {
    cause,
    hint: isRepairable
      ? `quackup repair makes it again, under a new name, if the archive is whole; or ${another}`
      : another,
  });
}
