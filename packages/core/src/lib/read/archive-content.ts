import { decryptStream, type Identity } from '@quackup/age';
import { objectKey } from '@quackup/target-api';

import { ageFailure } from '../encryption/age-failure.ts';
import { ArchiveDigest } from '../format/archive-size.ts';
import { isEncryptedKey } from '../format/backup-name.ts';
import { readAhead } from '../target/read-ahead.ts';
import type { TargetClient } from '../target/target-client.ts';

export interface ArchiveContentOptions {
  /** For an encrypted archive. Without them what comes is what is stored. */
  readonly identities?: readonly Identity[] | undefined;
  /** Told of the bytes of the object. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/**
 * An archive from its first byte to its last, once: the content as it comes, decrypted if there are keys, and size and hash of the
 * object that has passed. Throws BACKUP_DAMAGED, KEY_WRONG in the middle.
 */
export class ArchiveContent implements AsyncIterable<Buffer> {
  /** Of the object. */
  readonly digest: ArchiveDigest;
  readonly #client: TargetClient;
  readonly #name: string;
  readonly #options: ArchiveContentOptions;
  #length = 0;

  constructor(client: TargetClient, name: string, options: ArchiveContentOptions = {}) {
    this.digest = new ArchiveDigest(name);
    this.#client = client;
    this.#name = name;
    this.#options = options;
  }

  /** Bytes of the object that have passed. */
  get length(): number {
    return this.#length;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    const { identities } = this.#options;
    if (identities === undefined || !isEncryptedKey(this.#name)) {
      yield* this.#stored();
      return;
    }
    try {
      for await (const { buffer, byteOffset, byteLength } of decryptStream(identities)(this.#stored()))
        yield Buffer.from(buffer, byteOffset, byteLength);
    } catch (error) {
      throw ageFailure(this.#name, error);
    }
  }

  async *#stored(): AsyncGenerator<Buffer, void, undefined> {
    for await (const piece of readAhead(this.#client, objectKey(this.#name))) {
      this.digest.update(piece);
      this.#length += piece.length;
      this.#options.onBytes?.(piece.length);
      yield piece;
    }
  }
}

/** Size and hash of an archive's object, which is read for it. */
export async function digestStored(
  client: TargetClient,
  name: string,
  onBytes?: (bytes: number) => void,
): Promise<ReturnType<ArchiveDigest['finish']>> {
  const content = new ArchiveContent(client, name, { onBytes });
  for await (const _ of content);
  return content.digest.finish();
}
