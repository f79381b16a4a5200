/**
 * The content of archives by ranges, whether they are encrypted or not: the one place that knows. Offsets are of the content,
 * as in an index. Of an encrypted archive the header and the last piece are read once, and then the pieces that hold a range;
 * nothing of a piece is given out that is not authentic in its place.
 */
import { type EncryptedFile, type Identity, openEncrypted } from '@quackup/age';
import { type ByteRange, isTargetError, type ObjectKey } from '@quackup/target-api';

import { ageFailure, keyRequired } from '../encryption/age-failure.ts';
import type { KeySource } from '../encryption/encryption.ts';
import { QuackupError } from '../errors.ts';
import { isEncryptedKey } from '../format/backup-name.ts';
import type { TargetClient } from '../target/target-client.ts';
import type { StoredRange } from './stored-range.ts';

export class ArchiveReader {
  readonly client: TargetClient;
  readonly #keys: KeySource | undefined;
  /** Encrypted archives that are open: some hundred bytes and one piece each. */
  readonly #open = new Map<ObjectKey, Promise<EncryptedFile>>();
  #identities: Promise<readonly Identity[]> | undefined;

  /** @param keys Without it encrypted archives are refused. */
  constructor(client: TargetClient, keys?: KeySource) {
    this.client = client;
    this.#keys = keys;
  }

  /**
   * The keys there are, to read `object`.
   *
   * @throws KEY_REQUIRED if there is none.
   */
  async identities(object: string): Promise<readonly Identity[]> {
    this.#identities ??= this.#keys?.() ?? Promise.resolve([]);
    const identities = await this.#identities;
    if (identities.length === 0) throw keyRequired(object);
    return identities;
  }

  /**
   * A range of an archive in memory.
   *
   * @throws BACKUP_DAMAGED if the archive ends before the range does, or is not what was written.
   * @throws KEY_REQUIRED, KEY_WRONG if it is encrypted and cannot be read.
   * @throws TargetError `NOT_FOUND` if it is gone.
   */
  async readRange(key: ObjectKey, start: number, length: number): Promise<Buffer> {
    if (!isEncryptedKey(key)) return this.client.readRange(key, start, length);
    const file = await this.#fileWith(key, start + length);
    return this.#translated(key, () => file.read(start, length));
  }

  /**
   * The same range as it is stored, for `openStored` on another thread.
   *
   * @throws as {@link readRange}, but for what only the opening finds.
   */
  async readStored(key: ObjectKey, start: number, length: number): Promise<StoredRange> {
    if (!isEncryptedKey(key)) return { stored: await this.client.readRange(key, start, length) };
    const file = await this.#fileWith(key, start + length);
    const { stored, ...sealed } = await this.#translated(key, () => file.readSealed(start, length));
    return { stored, sealed };
  }

  /** As {@link readRange}, piece by piece; without a range the whole content. */
  async *read(key: ObjectKey, range?: ByteRange): AsyncGenerator<Buffer, void, undefined> {
    if (!isEncryptedKey(key)) {
      yield* this.client.read(key, range);
      return;
    }
    const file = await this.#file(key);
    const start = Math.min(range?.start ?? 0, file.size);
    const end = Math.max(start, Math.min(range?.end ?? file.size, file.size));
    try {
      yield* file.stream(start, end - start);
    } catch (error) {
      throw ageFailure(key, error);
    }
  }

  /** @throws BACKUP_DAMAGED if there are not so many bytes of content. */
  async #fileWith(key: ObjectKey, bytes: number): Promise<EncryptedFile> {
    const file = await this.#file(key);
    if (bytes <= file.size) return file;
    throw new QuackupError(
      'BACKUP_DAMAGED',
      `${key} has ${file.size} bytes of content, and ${bytes} are needed`,
    );
  }

  #file(key: ObjectKey): Promise<EncryptedFile> {
    let file = this.#open.get(key);
    if (file === undefined) {
      file = this.#openFile(key);
      // Whoever waits for it gets the error; the next one tries again.
      file.catch(() => this.#open.delete(key));
      this.#open.set(key, file);
    }
    return file;
  }

  async #openFile(key: ObjectKey): Promise<EncryptedFile> {
    const identities = await this.identities(key);
    const info = await this.client.stat(key);
    if (info === undefined) {
      throw new QuackupError('BACKUP_DAMAGED', `the archive ${key} is gone`, {
        hint: 'use a backup that does not refer to it',
      });
    }
    const source = {
      size: info.size,
      read: (offset: number, length: number) => this.client.readRange(key, offset, length),
    };
    return this.#translated(key, () => openEncrypted(source, identities));
  }

  async #translated<Result>(key: ObjectKey, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (isTargetError(error)) throw error;
      throw ageFailure(key, error);
    }
  }
}
