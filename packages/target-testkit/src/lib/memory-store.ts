import { isObjectKey, type ObjectInfo, type ObjectKey } from '@quackup/target-api';

interface StoredObject {
  readonly bytes: Uint8Array;
  readonly modifiedAt: Date;
  readonly etag: string;
}

export interface MemoryStoreOptions {
  /** Tells the time of every write. Default: the system's clock. */
  readonly now?: () => Date;
}

/**
 * The objects of one or several {@link MemoryTarget}s, as a bucket is that of its connections. Tests look into it and
 * damage it here, past the contract.
 */
export class MemoryStore {
  readonly #objects = new Map<string, StoredObject>();
  readonly #now: () => Date;
  #writes = 0;

  constructor(options: MemoryStoreOptions = {}) {
    this.#now = options.now ?? (() => new Date());
  }

  /** A copy of all contents, by key in ascending order. Changing it does not change the store. */
  get objects(): Map<string, Uint8Array> {
    return new Map(this.#sorted().map(([key, object]) => [key, Uint8Array.from(object.bytes)]));
  }

  /** Writes a content as it is, also under a name that is not a key. */
  set(key: string, bytes: Uint8Array): void {
    this.#write(key, bytes);
  }

  /** Writes an object. */
  put(key: ObjectKey, bytes: Uint8Array): ObjectInfo {
    const { modifiedAt, etag } = this.#write(key, bytes);
    return { key, size: bytes.length, modifiedAt, etag };
  }

  /** Removes an object. Whether there was one. */
  remove(key: string): boolean {
    return this.#objects.delete(key);
  }

  /**
   * Damages an object: `change` gets a copy of its bytes and gives back those to keep.
   *
   * @throws RangeError if there is no such object.
   */
  change(key: string, change: (bytes: Uint8Array) => Uint8Array): void {
    const object = this.#objects.get(key);
    if (object === undefined) throw new RangeError(`the store holds no object "${key}"`);
    this.set(key, change(Uint8Array.from(object.bytes)));
  }

  /** What is known of an object. */
  info(key: ObjectKey): ObjectInfo | undefined {
    const object = this.#objects.get(key);
    if (object === undefined) return undefined;
    return { key, size: object.bytes.length, modifiedAt: object.modifiedAt, etag: object.etag };
  }

  /** The content of an object; later writes do not change it. */
  bytes(key: ObjectKey): Uint8Array | undefined {
    return this.#objects.get(key)?.bytes;
  }

  /** Names that are keys, in ascending order. */
  keys(): readonly ObjectKey[] {
    return this.#sorted()
      .map(([key]) => key)
      .filter(isObjectKey);
  }

  #write(key: string, bytes: Uint8Array): StoredObject {
    this.#writes += 1;
    const object = { bytes: Uint8Array.from(bytes), modifiedAt: this.#now(), etag: `"${this.#writes}"` };
    this.#objects.set(key, object);
    return object;
  }

  #sorted(): readonly (readonly [string, StoredObject])[] {
    // Keys are ASCII, so the order of UTF-16 units is the order of bytes.
    return [...this.#objects].toSorted(([left], [right]) => (left < right ? -1 : 1));
  }
}
