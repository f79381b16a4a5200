import { createHash } from 'node:crypto';

import { prepareEncryption } from '@quackup/age';

import type { ArchiveTail } from '../archive/archive-plan.ts';
import type { ArchiveWriter } from '../archive/archive-writer.ts';
import type { Base } from '../archive/base.ts';
import { freeMemory } from '../archive/free-memory.ts';
import type { Encryption } from '../encryption/encryption.ts';
import type { StoredHeader } from '../format/sealed-manifest.ts';

/** An archive as it lies on a target. */
export interface StoredArchive {
  readonly tail: ArchiveTail;
  /** As they are written down: of an encrypted archive without its header. */
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Of an encrypted archive. */
  readonly header?: StoredHeader;
}

export interface StoredArchiveOptions {
  readonly base: Base | undefined;
  readonly encryption: Encryption | undefined;
  /** Whether nobody else reads the body. */
  readonly isSole: boolean;
}

/**
 * The bytes of an archive as they are stored: its body, and the end that belongs to a base; encrypted if they are to be.
 *
 * @param onEnd Told what has been stored when the last byte has been given out.
 */
export async function* storedArchive(
  body: AsyncIterable<Uint8Array>,
  writer: ArchiveWriter,
  { base, encryption, isSole }: StoredArchiveOptions,
  onEnd: (archive: StoredArchive) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let tail: ArchiveTail | undefined;
  async function* content(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const page of body) {
      yield page;
      // It is encrypted by now, and nobody else reads it.
      if (isSole && encryption !== undefined) freeMemory(page);
    }
    tail = await writer.tail(base);
    yield* tail.bytes;
  }
  if (encryption === undefined) {
    yield* content();
    if (tail !== undefined) onEnd({ tail, ...tail.written });
    return;
  }
  const prepared = await prepareEncryption(encryption.recipients);
  const { header } = prepared;
  const digest = createHash('sha256');
  let sizeBytes = -header.length;
  for await (const bytes of prepared.encrypt(content())) {
    // The header comes first, in one buffer with what follows it.
    digest.update(sizeBytes < 0 ? bytes.subarray(header.length) : bytes);
    sizeBytes += bytes.length;
    yield bytes;
  }
  if (tail === undefined) return;
  onEnd({
    tail,
    sizeBytes,
    sha256: digest.digest('hex'),
    header: { sizeBytes: header.length, sha256: createHash('sha256').update(header).digest('hex') },
  });
}
