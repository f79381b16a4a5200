/**
 * A backup whose archive is whole but for its index gets a new one, in an archive of its own that refers to the old one:
 *
 *     backup_X.tar.zst       as it is; its manifest goes
 *     backup_X_2.tar.zst     metadata and index, no data
 *     backup_X_2.json        names backup_X.tar.zst as an archive that it needs
 *
 * So nothing that is stored is ever changed, and what comes out is an ordinary incremental backup.
 */
import { createHash } from 'node:crypto';

import { encryptStream } from '@quackup/age';

import type { Codec } from '../archive/compression.ts';
import { encodeIndex } from '../archive/index-file.ts';
import { TAR_END, tarHead, tarPadding } from '../archive/tar-entry.ts';
import type { Encryption } from '../encryption/encryption.ts';
import { ArchiveDigest } from '../format/archive-size.ts';
import { ENCRYPTED_EXTENSION } from '../format/backup-name.ts';
import type { Manifest, ManifestContent } from '../format/manifest.ts';
import { formatMetadata } from '../format/metadata.ts';
import type { ArchiveReference, DatabaseEntry } from '../format/schema.ts';
import { VERSION } from '../version.ts';
import { formatFor } from './format-for.ts';
import type { CollectedFile } from './collect-chunks.ts';
import type { Metadata } from './read-archive.ts';

export interface RebuildInput {
  /** Name of the new backup. */
  readonly name: string;
  readonly metadata: Metadata;
  readonly files: readonly CollectedFile[];
  /** The archive in which the chunks lie. */
  readonly archive: ArchiveReference;
  /** The manifest of the old backup, if it could be read: it knows more than the archive. */
  readonly manifest: Manifest | undefined;
  readonly codec: Codec;
  /** Absent if the archive is plain. */
  readonly encryption: Encryption | undefined;
  readonly now: Date;
}

export interface RebuiltBackup {
  readonly archiveKey: string;
  readonly archive: Buffer;
  /** Text. */
  readonly manifest: string;
}

export async function rebuildIndex(input: RebuildInput): Promise<RebuiltBackup> {
  const { name, metadata, files, archive: old, manifest, codec, now, encryption } = input;
  const createdAt = new Date(metadata.timestamp);
  const databases = metadata.databases.map((database) =>
    entryOf(database, files, metadata, manifest?.databases),
  );
  const failed = manifest?.failed ?? [];
  const key = `${name}${codec.extension}${encryption === undefined ? '' : ENCRYPTED_EXTENSION}`;
  const index = await encodeIndex(
    {
      head: {
        format: 1,
        backup: name,
        kind: 'incremental',
        createdAt: createdAt.toISOString(),
        databases,
        failed,
        archives: [{ name: key }, old],
        files: files.map(({ file }) => file),
      },
      tables: files.map(({ table }) => table),
    },
    codec,
  );
  const text = Buffer.from(
    formatMetadata({
      name,
      kind: 'incremental',
      createdAt,
      databases: metadata.databases.map((database) => ({
        name: database.name,
        path: database.original_path,
        sizeBytes: database.size_bytes,
      })),
    }),
  );
  const head = (path: string, size: number): Buffer =>
    tarHead({ path: `${name}/${path}`, size, modifiedAt: createdAt });
  const before = [
    await codec.encode(Buffer.concat([head('backup_metadata.json', text.length), text])),
    await codec.encode(Buffer.concat([tarPadding(text.length), head('index', index.sizeBytes)])),
  ];
  const end = await codec.encode(Buffer.concat([tarPadding(index.sizeBytes), TAR_END]));
  const content = Buffer.concat([...before, ...index.frames, end]);
  const archive = encryption === undefined ? content : await encrypted(content, encryption);
  const digest = new ArchiveDigest(key);
  digest.update(archive);
  const { header, ...measured } = digest.finish();
  const stored = Buffer.concat(index.frames);
  const described: ManifestContent = {
    name,
    kind: 'incremental',
    createdAt: createdAt.toISOString(),
    finishedAt: now.toISOString(),
    tool: `quackup ${VERSION}`,
    archive: { name: key, ...measured, compression: { algorithm: codec.algorithm } },
    index: {
      offset: before.reduce((sum, { length }) => sum + length, 0),
      length: stored.length,
      headLength: index.frames[0]?.length ?? 0,
      headBytes: index.headBytes,
      sha256: sha256(stored),
    },
    references: [old],
    databases,
    failed,
  };
  return {
    archiveKey: key,
    archive,
    manifest: await formatFor(described, { header, encryption, isEncrypted: encryption !== undefined }),
  };
}

async function encrypted(content: Uint8Array, { recipients }: Encryption): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of encryptStream(recipients)(onePiece(content))) parts.push(part);
  return Buffer.concat(parts);
}

async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What the old manifest says of a database, or as much as its files and the metadata tell. */
function entryOf(
  { name, original_path: path }: Metadata['databases'][number],
  files: readonly CollectedFile[],
  { timestamp }: Metadata,
  known: readonly DatabaseEntry[] | undefined,
): DatabaseEntry {
  const entry = known?.find((candidate) => candidate.name === name);
  if (entry !== undefined) return { ...entry, storedBytes: 0 };
  const own = files.filter(({ file }) => file.database === name);
  const head = own.find(({ file }) => file.role === 'database')?.head;
  if (head === undefined) throw new Error(`${name} has no head`);
  const { main, layout } = head;
  return {
    name,
    path,
    // The method that promises least: how the snapshot was taken is not known any more.
    method: 'quiet',
    takenAt: timestamp,
    sizeBytes: own.reduce((sum, { file }) => sum + file.sizeBytes, 0),
    storedBytes: 0,
    mode: 0o600,
    storageVersion: main.storageVersion,
    createdBy: main.libraryVersion,
    layout: layout.kind === 'clear' ? 'clear' : layout.reason,
    ...(layout.kind === 'clear' && { iteration: String(layout.active.iteration) }),
    warnings: [
      'its index and its manifest were lost and made again: how the snapshot was taken is not known',
    ],
  };
}
