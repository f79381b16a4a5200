/**
 * `backup_metadata.json`, the archive's first entry: the keys that OpenQuant wrote, so that whoever knows those archives
 * finds his way in ours, and a few of our own under `quackup`. For people and for other tools: a restore goes by the
 * manifest and the index, which say more and are checked.
 */
import type { BackupKind } from '../api.ts';
import { VERSION } from '../version.ts';
import { FORMAT_VERSION } from './schema.ts';

export interface MetadataInput {
  readonly name: string;
  readonly kind: BackupKind;
  readonly createdAt: Date;
  readonly databases: readonly { readonly name: string; readonly path: string; readonly sizeBytes: number }[];
}

export function formatMetadata({ name, kind, createdAt, databases }: MetadataInput): string {
  const metadata = {
    timestamp: createdAt.toISOString(),
    databases: databases.map((database) => ({
      name: database.name,
      original_path: database.path,
      size_bytes: database.sizeBytes,
    })),
    quackup: { format: FORMAT_VERSION, version: VERSION, backup: name, kind },
  };
  return `${JSON.stringify(metadata, null, 2)}\n`;
}
