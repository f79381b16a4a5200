/** Reads an archive that nothing is known of, entry by entry, as tar would: for a backup that lost its manifest or its index. */
import { Header, Pax } from 'tar';
import { z } from 'zod';

import { listOf } from '../format/schema.ts';
import type { Frame, FrameStream } from './frame-stream.ts';

const BLOCK = 512;
const MAX_PAX_BYTES = 1024 * 1024;
const MAX_METADATA_BYTES = 4 * 1024 * 1024;

const metadataSchema = z.object({
  timestamp: z.iso.datetime(),
  databases: listOf(
    z.object({ name: z.string(), original_path: z.string(), size_bytes: z.number().int().min(0) }),
  ),
  quackup: z.object({
    format: z.number(),
    backup: z.string(),
    kind: z.enum(['full', 'incremental']),
  }),
});

export type Metadata = z.infer<typeof metadataSchema>;

/** Told of what is in the archive, in its order. */
export interface ArchiveVisitor {
  /**
   * A file of a database begins.
   *
   * @returns how long its first frame is, and every other one, if the archive is not compressed; and what takes them.
   */
  file(name: string, sizeBytes: number): FileVisitor;
  /** The index begins: the stream stands at its first frame. Nothing is read behind it. */
  index(sizeBytes: number): Promise<void>;
}

export interface FileVisitor {
  /** Length of the next frame in an archive that is not compressed, bytes. */
  frameBytes(): number;
  frame(frame: Frame): void;
}

/**
 * @param backup The name that the archive's folder must have.
 * @returns its metadata.
 * @throws Error if it is not an archive that Quackup wrote for this backup, or is damaged before its index.
 */
export async function readArchive(
  stream: FrameStream,
  backup: string,
  visitor: (metadata: Metadata) => ArchiveVisitor,
): Promise<Metadata> {
  const first = await readHead(stream);
  if (first?.path !== `${backup}/backup_metadata.json` || first.size > MAX_METADATA_BYTES)
    throw new Error('it does not begin with the metadata of the backup');
  const metadata = metadataSchema.parse(JSON.parse((await stream.take(first.size)).toString()));
  if (metadata.quackup.backup !== backup) throw new Error(`it is the archive of ${metadata.quackup.backup}`);
  await stream.take(padding(first.size));
  const visit = visitor(metadata);
  for (;;) {
    const entry = await readHead(stream);
    if (entry === undefined) throw new Error('it has no index');
    if (!entry.path.startsWith(`${backup}/`)) throw new Error(`it holds ${JSON.stringify(entry.path)}`);
    const name = entry.path.slice(backup.length + 1);
    if (name === 'index') {
      await visit.index(entry.size);
      return metadata;
    }
    const file = visit.file(name, entry.size);
    for (let left = entry.size; left > 0;) {
      const frame = await stream.frame(Math.min(left, file.frameBytes()));
      left -= frame.bytes.length;
      if (left < 0 || frame.bytes.length === 0) throw new Error(`a frame of ${name} is not of its file`);
      file.frame(frame);
    }
    await stream.take(padding(entry.size));
  }
}

const padding = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

/** The head of a tar entry, or undefined at the end of the archive. */
async function readHead(
  stream: FrameStream,
): Promise<{ readonly path: string; readonly size: number } | undefined> {
  let pax: Pax | undefined;
  for (;;) {
    const block = await stream.take(BLOCK);
    const header = new Header(block, 0, pax);
    if (header.nullBlock) return undefined;
    if (!header.cksumValid) throw new Error('the head of a tar entry is damaged');
    const { path = '', size = 0, type } = header;
    if (type === 'ExtendedHeader' && size <= MAX_PAX_BYTES) {
      pax = Pax.parse((await stream.take(size + padding(size))).toString('utf8', 0, size));
    } else if (type === 'File' || type === 'OldFile') return { path, size };
    else throw new Error(`it holds ${JSON.stringify(path)}, which is no file`);
  }
}
