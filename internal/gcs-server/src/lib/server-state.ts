import type { IncomingHttpHeaders } from 'node:http';

import type { GcsFaults } from './faults.ts';
import { GcsError } from './gcs-error.ts';
import type { GcsOperation } from './operation.ts';
import type { Upload } from './resumable.ts';

/** What the server is started with. */
export interface GcsServerOptions {
  /** Buckets that there are. Default: `test`. */
  readonly buckets?: readonly string[];
  /** Access tokens that are taken. Default: nobody has to say who they are. */
  readonly tokens?: readonly string[];
  /** Operations that are answered with 403. */
  readonly denied?: readonly GcsOperation[];
  /** Objects on a page of a list. Default: 1000. */
  readonly pageSize?: number;
  /** Port on 127.0.0.1. Default: any free one. */
  readonly port?: number;
  /** The server's clock. */
  readonly now?: () => Date;
}

/** What a request was. */
export interface RequestRecord {
  readonly operation: GcsOperation;
  readonly name: string;
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
}

/** The metadata of an object that this server knows. */
export interface Metadata {
  readonly name?: string;
  readonly contentType?: string;
  readonly storageClass?: string;
  readonly md5Hash?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** One generation of an object. Its bytes are in a file, which stays as it is. */
export interface StoredObject {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly generation: string;
  readonly updated: Date;
  readonly md5Hash: string;
  readonly metadata: Metadata;
}

export interface ServerState {
  readonly options: Required<Omit<GcsServerOptions, 'port' | 'tokens' | 'denied' | 'buckets'>>;
  readonly tokens: readonly string[] | undefined;
  readonly denied: Set<GcsOperation>;
  readonly folder: string;
  readonly faults: GcsFaults;
  readonly requests: RequestRecord[];
  /** The live generation of each object, by bucket and name. */
  readonly buckets: Map<string, Map<string, StoredObject>>;
  /** How many generations of each name there ever were. */
  readonly generations: Map<string, number>;
  readonly uploads: Map<string, Upload>;
  counter: number;
}

/** @throws GcsError 404 if there is none. */
export function objectsOf(state: ServerState, bucket: string): Map<string, StoredObject> {
  const objects = state.buckets.get(bucket);
  if (objects === undefined) throw new GcsError(404, 'notFound', 'The specified bucket does not exist.');
  return objects;
}

/** @throws GcsError 404 if there is none. */
export function objectOf(state: ServerState, bucket: string, name: string): StoredObject {
  const object = objectsOf(state, bucket).get(name);
  if (object === undefined) throw new GcsError(404, 'notFound', `No such object: ${bucket}/${name}`);
  return object;
}

/** @throws GcsError 412 if the request's condition does not hold. */
export function checkConditions(query: URLSearchParams, object: StoredObject | undefined): void {
  const wanted = query.get('ifGenerationMatch');
  if (wanted === null) return;
  if (!/^\d+$/.test(wanted))
    throw new GcsError(400, 'invalid', `Invalid value for: ${wanted} is not a valid value`);
  if (wanted !== (object?.generation ?? '0')) {
    const text = 'At least one of the pre-conditions you specified did not hold.';
    throw new GcsError(412, 'conditionNotMet', text);
  }
}

/**
 * Makes an object visible, if the conditions hold at this very moment.
 *
 * @throws GcsError 412 if a condition does not hold, 400 if the content is not what the client says it is.
 */
export function storeObject(
  state: ServerState,
  place: { readonly bucket: string; readonly name: string; readonly query: URLSearchParams },
  content: { readonly path: string; readonly size: number; readonly md5Hash: string },
  metadata: Metadata,
): StoredObject {
  const { bucket, name, query } = place;
  const objects = objectsOf(state, bucket);
  checkConditions(query, objects.get(name));
  if (metadata.md5Hash !== undefined && metadata.md5Hash !== content.md5Hash) {
    const text = `Provided MD5 hash "${metadata.md5Hash}" doesn't match calculated MD5 hash "${content.md5Hash}".`;
    throw new GcsError(400, 'invalid', text);
  }
  state.counter += 1;
  const generation = String(1_700_000_000_000_000 + state.counter);
  const object = { ...content, name, generation, updated: state.options.now(), metadata };
  objects.set(name, object);
  const id = `${bucket}/${name}`;
  state.generations.set(id, (state.generations.get(id) ?? 0) + 1);
  return object;
}

/** An object's resource as the JSON API gives it; all fields, whatever `fields` asks for. */
export function resourceOf(bucket: string, object: StoredObject): object {
  const { name, size, generation, updated, md5Hash, metadata } = object;
  return {
    kind: 'storage#object',
    bucket,
    storageClass: 'STANDARD',
    ...metadata,
    name,
    size: String(size),
    generation,
    metageneration: '1',
    md5Hash,
    updated: updated.toISOString(),
    etag: Buffer.from(generation).toString('base64'),
  };
}
