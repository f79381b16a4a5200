import type { Readable } from 'node:stream';

import type { ObjectKey } from './object-key.ts';

/** The version of this contract. A target made for another one is refused when it is loaded. */
export const API_VERSION = 1;

/** What is known of a stored object. */
export interface ObjectInfo {
  readonly key: ObjectKey;
  /** Length in bytes. */
  readonly size: number;
  /** When the object was last written, by the backend's clock. Only a hint: nothing is decided by it. */
  readonly modifiedAt: Date;
  /** Changes whenever the content does. Opaque; given back in {@link PutCondition}. Absent if the backend has none. */
  readonly etag?: string;
}

/** Bytes `start` (inclusive) to `end` (exclusive), both non-negative integers, `start <= end`. Absent `end`: to the end. */
export interface ByteRange {
  readonly start: number;
  readonly end?: number;
}

/** Put only if there is no such object (`if-absent`), or only if it is the one with this etag (`if-match`). */
export type PutCondition =
  | { readonly type: 'if-absent' }
  | { readonly type: 'if-match'; readonly etag: string };

/**
 * The content of an object to store: read once, from start to end, never concurrently. Chunks may have any size, also 0.
 *
 * **Whose a chunk is.** Whoever gives a chunk does not change it any more, so a target may keep it as long as the put runs
 * and need not copy it. The target must leave it as it is, neither writing into it nor transferring its memory: the same
 * chunk may be on its way to another target.
 */
export type ObjectBody = AsyncIterable<Uint8Array>;

export interface PutOptions {
  readonly signal?: AbortSignal;
  /** Exact length in bytes, if known. A body of another length rejects with `SIZE_MISMATCH` and stores nothing. */
  readonly size?: number;
  /** Absent: replace whatever is there. */
  readonly condition?: PutCondition;
}

export interface GetOptions {
  readonly signal?: AbortSignal;
  /** Absent: the whole object. */
  readonly range?: ByteRange;
}

export interface ObjectRead {
  /** Of the whole object, also when a range was asked for. */
  readonly info: ObjectInfo;
  /** The bytes. Must be read to the end or destroyed. Errors on it follow the rules of rejections. */
  readonly body: Readable;
}

export interface StatOptions {
  readonly signal?: AbortSignal;
}

export interface DeleteOptions {
  readonly signal?: AbortSignal;
}

export interface ListOptions {
  readonly signal?: AbortSignal;
  /** Only keys that begin with this text. It is text, not a folder: `ab` finds `abc` and `ab/c`. Default: all. */
  readonly prefix?: string;
  /** Only keys that come after this text in the order of the list. */
  readonly startAfter?: string;
}

/** Where backends differ in meaning. A target refuses with `UNSUPPORTED` what it denies here; it never ignores it. */
export interface TargetCapabilities {
  /** `put` with `if-absent` has exactly one winner among concurrent callers. */
  readonly putIfAbsent: boolean;
  /** `put` with `if-match` has at most one winner among concurrent callers, and objects carry an etag. */
  readonly putIfMatch: boolean;
  /** Bytes in the largest object. Absent: no limit worth naming. */
  readonly maxObjectSize?: number;
}

export interface UnfinishedUploadsOptions {
  readonly signal?: AbortSignal;
}

/** An upload that may never be finished: see {@link StorageTarget.unfinishedUploads}. */
export interface UnfinishedUpload {
  readonly key: ObjectKey;
  readonly initiatedAt: Date;
}

/**
 * A place that keeps objects. Opened by {@link TargetDefinition.open}; safe for concurrent calls.
 *
 * **Abort.** Every operation takes `signal`; once it is aborted the operation rejects with `signal.reason` itself,
 * not wrapped, and without having changed anything visible (an operation that is already done may still resolve).
 *
 * **Errors.** Everything else rejects with a {@link TargetError}; an error thrown by a put's body passes unwrapped.
 * An unknown vendor error is `UNKNOWN`, never `NOT_FOUND`: "not there" must be known, since backups are made and
 * removed by it.
 *
 * **Consistency.** What a resolved `put` stored is seen by every later `get`, `stat` and `list`, also from another
 * connection; likewise for `delete`.
 */
export interface StorageTarget extends AsyncDisposable {
  /** {@link API_VERSION} of the contract that this target implements. */
  readonly apiVersion: typeof API_VERSION;
  /** The kind of target, as in the configuration: `local`, `s3`... */
  readonly type: string;
  /** The place in a person's words: a path, `s3://bucket/prefix`. Never holds a secret. */
  readonly displayName: string;
  readonly capabilities: TargetCapabilities;
  /**
   * How many ranges of one object are best read at a time where all of it is wanted: a service in the network gives each connection
   * a part of what the line carries, a disk reads best from start to end. Optional: only speed differs. Absent: 1, in one `get`.
   */
  readonly parallelReads?: number;

  /**
   * Stores an object. The object becomes visible whole when this resolves, and not at all (or as it was before) if
   * it rejects, if it is aborted, or if the process dies in the middle. When it resolves the object is durable as far
   * as the backend promises durability: a local folder has synced file and folder.
   *
   * Memory is bounded, whatever the object's size. The chunks are left as they are. The body is closed (`return()`) if it is not read to its end.
   *
   * @returns what was stored, `etag` included where the backend has one.
   * @throws `PRECONDITION_FAILED` if the condition does not hold.
   * @throws `SIZE_MISMATCH` if `size` is given and the body is shorter or longer.
   * @throws `UNSUPPORTED` if the condition is not among the target's capabilities; the body is then not read. Also if the
   *   target has no room for a key below a key, see {@link ObjectKey}.
   * @throws `TOO_LARGE` if `size` or the body exceeds `maxObjectSize`.
   */
  put(key: ObjectKey, body: ObjectBody, options?: PutOptions): Promise<ObjectInfo>;

  /**
   * Reads an object or a range of it. Resolves once it is known that the object exists. A range is clamped to the
   * object: one that begins at or after the end gives an empty body. The body is one version of the object, even if
   * it is replaced meanwhile, or fails.
   *
   * @throws `NOT_FOUND` if there is no such object.
   * @throws `INVALID_RANGE` if the range is not a range.
   */
  get(key: ObjectKey, options?: GetOptions): Promise<ObjectRead>;

  /** What is known of an object, or `undefined` if there is none. */
  stat(key: ObjectKey, options?: StatOptions): Promise<ObjectInfo | undefined>;

  /**
   * All objects whose key begins with `prefix`, in ascending order of the key's bytes. Paging is hidden. Objects that
   * are put or deleted while the list is read may or may not show; all others show exactly once. Unfinished puts and
   * foreign names that are not valid keys never show.
   */
  list(options?: ListOptions): AsyncIterable<ObjectInfo>;

  /** Removes an object. Resolves as well if there is none. */
  delete(key: ObjectKey, options?: DeleteOptions): Promise<void>;

  /**
   * Removes many objects, like `delete` of each, in fewer requests. If it rejects, any part of them may be gone.
   * Optional: only speed differs, so core falls back to `delete`.
   */
  deleteMany?(keys: readonly ObjectKey[], options?: DeleteOptions): Promise<void>;

  /**
   * Uploads of keys that were begun and neither finished nor given up, those that are under way right now among them: the
   * backend keeps them, and may charge for them, but no list shows them. Optional: for backends that have such uploads.
   */
  unfinishedUploads?(options?: UnfinishedUploadsOptions): AsyncIterable<UnfinishedUpload>;

  /** Ends connections. May be called again. Calls that come later reject with `CLOSED`; the same as `Symbol.asyncDispose`. */
  close(): Promise<void>;
}
