/**
 * Size and hash of an archive as they are written down. Of an encrypted one they are those of the object without its header,
 * which alone changes when recipients do: see docs/format.md.
 */
import { createHash, type Hash } from 'node:crypto';

import { MAX_HEADER_BYTES, plainSize } from '@quackup/age';

import { isEncryptedKey } from './backup-name.ts';
import type { ArchiveReference } from './schema.ts';

type Sized = Pick<ArchiveReference, 'name' | 'sizeBytes'>;

/** Whether an object of `size` bytes is as long as the archive must be; undefined: there is no such object. */
export function hasSizeOf({ name, sizeBytes }: Sized, size: number | undefined): boolean {
  if (size === undefined) return false;
  if (!isEncryptedKey(name)) return size === sizeBytes;
  const headerBytes = size - sizeBytes;
  return headerBytes > 0 && headerBytes <= MAX_HEADER_BYTES;
}

/** Bytes that the archive's object may have at most. */
export function maxSizeOf({ name, sizeBytes }: Sized): number {
  return sizeBytes + (isEncryptedKey(name) ? MAX_HEADER_BYTES : 0);
}

/** What is wrong with an object of `size` bytes that {@link hasSizeOf} does not take for the archive. */
export function describeSize({ name, sizeBytes }: Sized, size: number | undefined): string {
  if (size === undefined) return 'is gone';
  return `has ${size} bytes, not ${sizeBytes}${isEncryptedKey(name) ? ' and a header' : ''}`;
}

/**
 * Bytes of the content of an archive, to which the offsets of an index belong.
 *
 * @throws AgeError `TRUNCATED` if no encrypted archive is so long.
 */
export function contentSize({ name, sizeBytes }: Sized): number {
  return isEncryptedKey(name) ? plainSize(sizeBytes, 0) : sizeBytes;
}

/** Where the header of an age file ends: behind the line that begins with three dashes. */
const HEADER_END = /\n---[^\n]*\n/;

/** Size and SHA-256 of an archive whose object passes by, as they are written down. */
export class ArchiveDigest {
  readonly #digest: Hash = createHash('sha256');
  readonly #headerDigest: Hash = createHash('sha256');
  #sizeBytes = 0;
  #headerBytes = 0;
  /** What may still be the header; undefined when it has ended. */
  #head: Buffer | undefined;

  constructor(name: string) {
    if (isEncryptedKey(name)) this.#head = Buffer.alloc(0);
  }

  update(bytes: Uint8Array): void {
    if (this.#head === undefined) {
      this.#digest.update(bytes);
      this.#sizeBytes += bytes.length;
      return;
    }
    const head = Buffer.concat([this.#head, bytes]);
    const end = HEADER_END.exec(head.toString('latin1', 0, MAX_HEADER_BYTES));
    if (end === null && head.length < MAX_HEADER_BYTES) {
      this.#head = head;
      return;
    }
    // One without an end is no age file: its size and its hash will be wrong, whatever they are.
    this.#headerBytes = end === null ? 0 : end.index + end[0].length;
    this.#head = undefined;
    this.#headerDigest.update(head.subarray(0, this.#headerBytes));
    this.update(head.subarray(this.#headerBytes));
  }

  /** When everything has passed. Once. */
  finish(): {
    readonly sizeBytes: number;
    readonly sha256: string;
    readonly header: { readonly sizeBytes: number; readonly sha256: string };
  } {
    return {
      sizeBytes: this.#sizeBytes,
      sha256: this.#digest.digest('hex'),
      header: { sizeBytes: this.#headerBytes, sha256: this.#headerDigest.digest('hex') },
    };
  }
}
