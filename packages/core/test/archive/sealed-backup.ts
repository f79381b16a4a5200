/** Backups whose seals all hold and that no Quackup has written: what somebody makes who may write to the target. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { ChunkTable } from '../../src/lib/archive/chunk-table.ts';
import { type Codec } from '../../src/lib/archive/compression.ts';
import { encodeIndex, type IndexHead } from '../../src/lib/archive/index-file.ts';
import { formatManifest, type Manifest } from '../../src/lib/format/manifest.ts';
import { ArchiveReader } from '../../src/lib/read/archive-reader.ts';
import { codecOfArchive, loadIndex, loadManifest } from '../../src/lib/read/load-backup.ts';
import type { NamedTarget } from '../../src/index.ts';
import { TargetClient } from '../../src/lib/target/target-client.ts';
import { GOLDEN, storedIn, targetWith } from './stored-backup.ts';
import { plain } from '../plain-manifest.ts';

type Writable<Value> = { -readonly [Key in keyof Value]: Value[Key] };

/** A backup taken apart. What is changed in it is sealed again. */
export interface Draft {
  head: IndexHead;
  tables: ChunkTable[];
  codec: Codec;
  /** The archive up to the index. */
  chunks: Buffer;
  /** Changes the index's frames when they have been encoded: the head first, then the pages. */
  editFrames(frames: Uint8Array[]): void;
  /** Changes the manifest when all else has been done to it. */
  editManifest(manifest: Writable<Manifest>): void;
}

export interface SealedBackup {
  readonly backup: string;
  readonly target: NamedTarget;
}

/** The golden backup `name`, edited and sealed. */
export async function sealedBackup(
  name: string,
  edit: (draft: Draft) => Promise<void> | void,
): Promise<SealedBackup> {
  const stored = await storedIn(join(GOLDEN, name));
  const backup =
    [...stored.target.objects.keys()].find((key) => key.endsWith('.json'))?.replace('.json', '') ?? '';
  const client = new TargetClient(stored);
  const manifest = plain(await loadManifest(client, backup));
  const { head, tables } = await loadIndex(new ArchiveReader(client), manifest);
  const key = manifest.archive.name;
  const draft: Draft = {
    head: structuredClone(head),
    tables: [...tables],
    codec: codecOfArchive(key),
    chunks: Buffer.from(stored.target.objects.get(key) ?? []).subarray(0, manifest.index.offset),
    editFrames: () => {},
    editManifest: () => {},
  };
  await edit(draft);
  const index = await encodeIndex({ head: draft.head, tables: draft.tables }, draft.codec);
  const frames = [...index.frames];
  draft.editFrames(frames);
  const bytes = Buffer.concat(frames);
  const archive = Buffer.concat([draft.chunks, bytes]);
  const sealed: Writable<Manifest> = {
    ...manifest,
    archive: { ...manifest.archive, sizeBytes: archive.length, sha256: sha256(archive) },
    index: {
      offset: draft.chunks.length,
      length: bytes.length,
      headLength: frames[0]?.length ?? 0,
      headBytes: index.headBytes,
      sha256: sha256(bytes),
    },
    databases: draft.head.databases,
  };
  draft.editManifest(sealed);
  const { format: _, sha256: __, ...fields } = sealed;
  const text = formatManifest(fields);
  return {
    backup,
    target: await targetWith([
      [key, archive],
      [`${backup}.json`, Buffer.from(text)],
    ]),
  };
}

/** A table as it is, but for the places of some chunks. */
export function moved(
  table: ChunkTable,
  place: (chunk: number) => { archive: number; offset: number; length: number } | undefined,
): ChunkTable {
  const copy = ChunkTable.create(table.count);
  for (let chunk = 0; chunk < table.count; chunk += 1) {
    const location = place(chunk) ?? table.location(chunk);
    if (location !== undefined) copy.set(chunk, table.hash(chunk), location);
  }
  return copy;
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
