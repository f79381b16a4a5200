import { randomUUID } from 'node:crypto';

import { isTargetError, type ObjectKey, type PutCondition, TargetError } from '@quackup/target-api';

import type { GcsConnection } from './gcs-connection.ts';
import type { GcsOptions } from './gcs-options.ts';
import { type ObjectResource, parseResourceText, PUT_ID, RESOURCE_FIELDS } from './object-resource.ts';

/** What puts of one target have in common. */
export interface PutContext {
  readonly connection: GcsConnection;
  readonly options: GcsOptions;
  readonly retryMs: number;
  /** Takes over what must be done after a put has failed, with nobody waiting for it but `close`. */
  readonly cleanUp: (work: Promise<void>) => void;
}

export function newPutId(): string {
  return randomUUID();
}

/** The metadata of a new object, as JSON. @param md5 Of its content in Base64, if it is known already. */
export function newMetadata(
  { connection, options }: PutContext,
  key: ObjectKey,
  putId: string,
  md5?: string,
): Buffer {
  const { storageClass } = options;
  const metadata = {
    name: connection.nameOf(key),
    contentType: 'application/octet-stream',
    metadata: { [PUT_ID]: putId },
    ...(storageClass === undefined ? {} : { storageClass }),
    ...(md5 === undefined ? {} : { md5Hash: md5 }),
  };
  return Buffer.from(JSON.stringify(metadata));
}

/**
 * What is there under a key, or undefined.
 *
 * @throws TargetError `CONTAINER_NOT_FOUND` if the bucket is not there.
 */
export async function headIfPresent(
  connection: GcsConnection,
  key: ObjectKey,
  signal: AbortSignal | undefined,
): Promise<ObjectResource | undefined> {
  const request = {
    what: `look for "${key}"`,
    signal,
    url: connection.pathOf(key),
    query: { fields: RESOURCE_FIELDS },
  };
  try {
    return parseResourceText((await connection.call(request)).text);
  } catch (error) {
    if (isTargetError(error) && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

// Generations are counted from 1; 0 would mean "only if there is none".
const GENERATION = /^[1-9]\d{0,18}$/;

/**
 * Query parameters for a condition.
 *
 * @throws TargetError `PRECONDITION_FAILED` if the etag cannot be that of any object.
 */
export function conditionQuery(
  key: ObjectKey,
  condition: PutCondition | undefined,
): Readonly<Record<string, string>> {
  if (condition === undefined) return {};
  if (condition.type === 'if-absent') return { ifGenerationMatch: '0' };
  if (!GENERATION.test(condition.etag))
    throw new TargetError(
      'PRECONDITION_FAILED',
      `put of "${key}": no object ever has the etag "${condition.etag}"`,
    );
  return { ifGenerationMatch: condition.etag };
}
