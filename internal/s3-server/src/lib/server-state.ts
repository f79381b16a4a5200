// The folder of a running server: <folder>/<number>, one file for each body that came in. The names of objects and what
// belongs to them are in memory only; the folder goes when the server is closed.
import type { S3Faults } from './faults.ts';
import type { S3Operation } from './operation.ts';
import type { S3ServerOptions } from './server-options.ts';

/** Bytes that came in one request. */
export interface Segment {
  readonly path: string;
  readonly size: number;
  readonly md5: Buffer;
}

/** One version of an object. */
export interface ObjectVersion {
  readonly versionId: string;
  readonly segments: readonly Segment[];
  readonly size: number;
  readonly etag: string;
  readonly modifiedAt: Date;
  /** Headers to give back: `x-amz-meta-*`, `content-type`, storage class, encryption, lock. */
  readonly headers: Readonly<Record<string, string>>;
  readonly deleteMarker: boolean;
}

/** A multipart upload that is neither completed nor aborted. */
export interface Upload {
  readonly uploadId: string;
  readonly bucket: string;
  readonly key: string;
  readonly initiatedAt: Date;
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: Map<number, Segment & { readonly etag: string; readonly modifiedAt: Date }>;
}

/** What the server saw, whether or not it was disturbed. */
export interface RequestRecord {
  readonly operation: S3Operation;
  readonly key: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface ServerState {
  readonly options: Required<Omit<S3ServerOptions, 'port' | 'denied'>>;
  readonly denied: Set<S3Operation>;
  readonly folder: string;
  readonly faults: S3Faults;
  readonly requests: RequestRecord[];
  /** By bucket, then by key; the newest version last. */
  readonly buckets: Map<string, Map<string, ObjectVersion[]>>;
  readonly uploads: Map<string, Upload>;
  /** Numbers for names that are used once. */
  counter: number;
}

/** The newest version, unless it is a delete marker. */
export function currentVersion(
  objects: Map<string, ObjectVersion[]>,
  key: string,
): ObjectVersion | undefined {
  const newest = objects.get(key)?.at(-1);
  return newest?.deleteMarker === true ? undefined : newest;
}

/** Adds a version, or replaces the only one. */
export function storeVersion(state: ServerState, bucket: string, key: string, version: ObjectVersion): void {
  const objects = state.buckets.get(bucket);
  const older = state.options.versioning ? (objects?.get(key) ?? []) : [];
  objects?.set(key, [...older, version]);
}
