/** Makes the manifest, or the index, of one backup again from its archive. */
import { createHash } from 'node:crypto';

import { objectKey } from '@quackup/target-api';

import { QuackupError } from '../errors.ts';
import type { Encryption } from '../encryption/encryption.ts';
import { describeSize, hasSizeOf } from '../format/archive-size.ts';
import { isEncryptedKey } from '../format/backup-name.ts';
import type { Manifest, ManifestContent } from '../format/manifest.ts';
import { FORMAT_VERSION } from '../format/schema.ts';
import { ArchiveContent } from '../read/archive-content.ts';
import type { ArchiveReader } from '../read/archive-reader.ts';
import { codecOfArchive, loadIndex } from '../read/load-backup.ts';
import { checkArchive } from '../verify/check-archive.ts';
import { Problems } from '../verify/problems.ts';
import { VERSION } from '../version.ts';
import { ChunkCollector } from './collect-chunks.ts';
import { findIndex, type FoundIndex } from './find-index.ts';
import { FrameStream } from './frame-stream.ts';
import { type Metadata, readArchive } from './read-archive.ts';
import { formatFor } from './format-for.ts';
import { rebuildIndex } from './rebuild-index.ts';

export interface RepairInput {
  /** Who shall be able to read what is made again of an encrypted backup. */
  readonly encryption: Encryption | undefined;
  readonly backup: string;
  /** Key of the archive. */
  readonly archive: string;
  /** The manifest, if it can be read. */
  readonly manifest: Manifest | undefined;
  /** Finds the name for a backup that takes the place of this one. */
  readonly newName: () => string;
  readonly now: Date;
}

/** What can be written so that the backup can be restored again. Nothing has been written yet. */
export type Repair =
  | { readonly what: 'manifest'; readonly manifest: string }
  | {
      readonly what: 'index';
      readonly name: string;
      readonly archiveKey: string;
      readonly archive: Buffer;
      readonly manifest: string;
    };

/**
 * Reads an archive from its first byte to its last.
 *
 * @throws BACKUP_DAMAGED if more is damaged than can be made again; the message says what.
 * @throws KEY_REQUIRED, KEY_WRONG if it is encrypted and cannot be read.
 */
export async function repairBackup(archives: ArchiveReader, input: RepairInput): Promise<Repair> {
  const { backup, archive, manifest, newName, now, encryption } = input;
  const codec = codecOfArchive(archive);
  const isEncrypted = isEncryptedKey(archive);
  if (isEncrypted && encryption === undefined) throw noRecipients(archive);
  const identities = isEncrypted ? await archives.identities(archive) : undefined;
  const content = new ArchiveContent(archives.client, archive, { identities });
  const stream = new FrameStream(content, codec);
  let collector: ChunkCollector | undefined;
  let found: FoundIndex | undefined;
  let metadata: Metadata;
  try {
    metadata = await readArchive(stream, backup, (read) => {
      const chunks = new ChunkCollector(read);
      collector = chunks;
      return {
        file: (name, sizeBytes) => chunks.file(name, sizeBytes),
        index: async () => {
          found = await findIndex(stream, codec.algorithm).catch(() => undefined);
        },
      };
    });
  } catch (error) {
    throw unrepairable(archive, error);
  }
  await stream.drain();
  const { header, ...digest } = content.digest.finish();
  const whole = { name: archive, ...digest };
  if (found !== undefined) {
    const made = await manifestOf(archives, backup, whole, found, now);
    if (made !== undefined) {
      return { what: 'manifest', manifest: await formatFor(made, { header, encryption, isEncrypted }) };
    }
  }
  if (metadata.quackup.kind === 'incremental') {
    throw unrepairable(
      archive,
      new Error('its index is damaged, and only that says where its blocks belong'),
    );
  }
  if (codec.algorithm === 'none') {
    throw unrepairable(
      archive,
      new Error(
        'its index is damaged, and without compression nothing else tells whether its data are whole',
      ),
    );
  }
  try {
    const name = newName();
    const files = collector?.files() ?? [];
    const rebuilt = await rebuildIndex({
      name,
      metadata,
      files,
      archive: whole,
      manifest,
      codec,
      now,
      encryption: isEncrypted ? encryption : undefined,
    });
    return { what: 'index', name, ...rebuilt };
  } catch (error) {
    throw unrepairable(archive, error);
  }
}

/**
 * The manifest that belongs to an index.
 *
 * @returns undefined if the index is damaged behind its head.
 * @throws BACKUP_DAMAGED if the index is good, and what it names is not.
 */
async function manifestOf(
  archives: ArchiveReader,
  backup: string,
  whole: { readonly name: string; readonly sizeBytes: number; readonly sha256: string },
  found: FoundIndex,
  now: Date,
): Promise<ManifestContent | undefined> {
  const { client } = archives;
  const { head, offset, length, headLength, headBytes } = found;
  const digest = createHash('sha256');
  for await (const piece of archives.read(objectKey(whole.name), { start: offset, end: offset + length }))
    digest.update(piece);
  const references = head.archives.slice(1).flatMap((archive) => ('sha256' in archive ? [archive] : []));
  const content: ManifestContent = {
    name: backup,
    kind: head.kind,
    createdAt: head.createdAt,
    finishedAt: now.toISOString(),
    tool: `quackup ${VERSION}`,
    archive: { ...whole, compression: { algorithm: codecOfArchive(whole.name).algorithm } },
    index: { offset, length, headLength, headBytes, sha256: digest.digest('hex') },
    references,
    databases: head.databases,
    failed: head.failed,
  };
  const manifest = { ...content, format: FORMAT_VERSION, sha256: '' } as const;
  const index = await loadIndex(archives, manifest).catch((error: unknown) => {
    if (error instanceof QuackupError && error.code === 'BACKUP_DAMAGED') return undefined;
    throw error;
  });
  if (index === undefined) return undefined;
  const problems = new Problems();
  const identities = isEncryptedKey(whole.name) ? await archives.identities(whole.name) : undefined;
  await checkArchive(client, manifest.archive, problems, { index, ...(identities && { identities }) });
  const [first] = problems.list();
  if (first !== undefined) throw unrepairable(whole.name, new Error(first.message));
  for (const reference of references) {
    const there = await client.stat(objectKey(reference.name));
    if (hasSizeOf(reference, there?.size)) continue;
    throw unrepairable(
      whole.name,
      new Error(`it needs ${reference.name}, which ${describeSize(reference, there?.size)}`),
    );
  }
  return content;
}

function noRecipients(archive: string): QuackupError {
  return new QuackupError(
    'KEY_REQUIRED',
    `${archive} is encrypted, and nothing says for whom its manifest is to be`,
    {
      hint: 'name the recipients with encryption.recipients in quackup.yaml',
    },
  );
}

function unrepairable(archive: string, cause: unknown): QuackupError {
  // What the target or the caller has to say is not about the archive.
  if (cause instanceof QuackupError && cause.code !== 'BACKUP_DAMAGED') throw cause;
  if ((cause as Error).name === 'TargetError' || (cause as Error).name === 'AbortError') throw cause;
  return new QuackupError(
    'BACKUP_DAMAGED',
    `${archive} cannot be listed again: ${(cause as Error).message}`,
    {
      cause,
      hint: 'quackup copy --repair brings the backup back from another target, if it is there; a full archive can be unpacked with tar up to the damage',
    },
  );
}
