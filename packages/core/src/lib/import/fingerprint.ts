/**
 * An import is known again by the SHA-256 of what was imported, which the backup's manifest keeps in the `warnings` of each
 * database, in a sentence for people:
 *
 *     imported from /old/backup_20250101_020000.tar.gz, SHA-256 9f86d0...
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

import { backupName, startOfBackupName } from '../format/backup-name.ts';
import type { Manifest } from '../format/manifest.ts';
import type { ArchiveReader } from '../read/archive-reader.ts';
import { loadManifest, openManifest } from '../read/load-backup.ts';
import { readContent } from '../list/list-backups.ts';

const SENTENCE = /^imported from .*, SHA-256 ([0-9a-f]{64})$/s;

/** A file of an import: what it is called in it, and where it is. */
export interface FingerprintedFile {
  readonly name: string;
  readonly path: string;
}

/** SHA-256 over the names, lengths and bytes of files. */
export async function fingerprint(
  files: readonly FingerprintedFile[],
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<string> {
  const all = createHash('sha256');
  for (const { name, path } of files) {
    const hash = createHash('sha256');
    let length = 0;
    for await (const bytes of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
      signal?.throwIfAborted();
      hash.update(bytes as Buffer);
      length += (bytes as Buffer).length;
    }
    all.update(JSON.stringify([name, length, hash.digest('hex')]));
  }
  return all.digest('hex');
}

export const importedFrom = (source: string, sha256: string): string =>
  `imported from ${source}, SHA-256 ${sha256}`;

/**
 * The backup on a target that is of this very import and time.
 *
 * @throws KEY_REQUIRED if one of that time is encrypted, and no key tells whether it is this one.
 */
export async function findImported(
  archives: ArchiveReader,
  createdAt: Date,
  sha256: string,
): Promise<Manifest | undefined> {
  const { client } = archives;
  const second = startOfBackupName(backupName(createdAt, 1))?.getTime();
  for (const name of (await readContent(client)).manifests) {
    if (startOfBackupName(name)?.getTime() !== second) continue;
    // One that is damaged is no reason to stop; nor is it what is looked for.
    const stored = await loadManifest(client, name).catch(() => undefined);
    const manifest = stored && (await openManifest(archives, stored));
    const told = manifest?.databases.flatMap(({ warnings = [] }) => warnings.map(fingerprintIn)) ?? [];
    if (told.includes(sha256)) return manifest;
  }
  return undefined;
}

const fingerprintIn = (text: string): string | undefined => SENTENCE.exec(text)?.[1];
