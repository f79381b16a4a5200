/**
 * What a machine remembers of its last backup on a target, to build the next one upon where it cannot read it again. A file for
 * each target, mode 0600, in a folder that only the user can read:
 *
 *     "QKBASE1\n"
 *     u32 LE        length of the JSON
 *     JSON          see below
 *     index         as it lies in the archive: see index-file.ts
 *     32 bytes      SHA-256 of all before
 *
 * It holds hashes of blocks that are or were in the machine's databases, and where they lie; no block, no key.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { createCodec } from '../archive/compression.ts';
import { type ArchiveIndex, decodePages, parseIndexHead } from '../archive/index-file.ts';
import { archiveReference, fields, listOf } from '../format/schema.ts';

const MAGIC = Buffer.from('QKBASE1\n', 'latin1');
const HASH_BYTES = 32;

const headSchema = z.strictObject({
  backup: fields.archiveName,
  /** What the target called itself: another bucket under the same name is another place. */
  place: z.string(),
  /** The backup's own archive first, then those that its index refers to. */
  archives: listOf(archiveReference),
  /** Fingerprints of those who can read all of them; none if they are plain. */
  recipients: listOf(z.string()),
  algorithm: z.enum(['zstd', 'gzip', 'none']),
  /** Stored and decoded bytes of the index's head. */
  headLength: fields.safeInteger,
  headBytes: fields.safeInteger,
});

export interface RememberedBase extends z.infer<typeof headSchema> {
  readonly index: ArchiveIndex;
}

export type BaseToRemember = z.infer<typeof headSchema> & {
  /** Frames of the index, the head first. */
  readonly frames: readonly Uint8Array[];
};

/** Remembers the last backup on each target. */
export class BaseMemory {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @returns undefined if nothing is remembered, or what is there is damaged: it is not needed but for speed. */
  async load(target: string): Promise<RememberedBase | undefined> {
    try {
      return await parse(await readFile(this.#path(target)));
    } catch {
      return undefined;
    }
  }

  /** Replaces what is remembered, in one step. */
  async save(target: string, { frames, ...head }: BaseToRemember): Promise<void> {
    const json = Buffer.from(JSON.stringify(head));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(json.length);
    const parts = [MAGIC, length, json, ...frames];
    const digest = createHash('sha256');
    for (const part of parts) digest.update(part);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const path = this.#path(target);
    const fresh = `${path}.${process.pid}.new`;
    try {
      await rm(fresh, { force: true });
      await writeFile(fresh, Buffer.concat([...parts, digest.digest()]), { mode: 0o600, flush: true });
      await rename(fresh, path);
    } catch (error) {
      await rm(fresh, { force: true });
      throw error;
    }
  }

  #path(target: string): string {
    const id = createHash('sha256').update(target).digest('hex').slice(0, 16);
    return join(this.#folder, `last-index-${id}`);
  }
}

async function parse(file: Buffer): Promise<RememberedBase> {
  const end = file.length - HASH_BYTES;
  const start = MAGIC.length + 4;
  if (end < start || !file.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error('it is no such file');
  if (!createHash('sha256').update(file.subarray(0, end)).digest().equals(file.subarray(end)))
    throw new Error('it is not what was written');
  const indexStart = start + file.readUInt32LE(MAGIC.length);
  const head = headSchema.parse(JSON.parse(file.toString('utf8', start, indexStart)));
  const codec = createCodec({ algorithm: head.algorithm });
  const pagesStart = indexStart + head.headLength;
  const parsed = parseIndexHead(await codec.decode(file.subarray(indexStart, pagesStart), head.headBytes));
  return { ...head, index: await decodePages(parsed, file.subarray(pagesStart, end), codec) };
}
