import type { IncomingMessage } from 'node:http';

import type { RequestTarget } from './operation.ts';
import { S3Error } from './s3-error.ts';
import type { ObjectVersion, Segment, ServerState } from './server-state.ts';

/** What an operation works with. */
export interface OperationContext {
  readonly state: ServerState;
  readonly request: IncomingMessage;
  readonly target: RequestTarget;
}

/** What an operation answers: text, or the bytes `start` to `end` of an object. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text?: string;
  readonly content?: { readonly segments: readonly Segment[]; readonly start: number; readonly end: number };
}

/** The objects of the request's bucket. */
export function objectsOf({ state, target }: OperationContext): Map<string, ObjectVersion[]> {
  const objects = state.buckets.get(target.bucket);
  if (objects !== undefined) return objects;
  throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist', {
    BucketName: target.bucket,
  });
}

/** Headers of a request that are kept with the object and given back. */
export function storedHeaders(request: IncomingMessage): Readonly<Record<string, string>> {
  const kept =
    /^(x-amz-meta-.+|content-type|x-amz-storage-class|x-amz-server-side-encryption.*|x-amz-object-lock-.+)$/;
  return Object.fromEntries(
    Object.entries(request.headers).flatMap(([name, value]) =>
      kept.test(name) && typeof value === 'string' ? [[name, value]] : [],
    ),
  );
}
