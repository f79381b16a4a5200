import { createHash } from 'node:crypto';

import { commitSignal, type ObjectInfo, type ObjectKey, type PutCondition } from '@quackup/target-api';

import {
  conditionsOf,
  headIfPresent,
  newPutId,
  PUT_ID,
  type PutContext,
  withCondition,
} from './put-context.ts';
import { infoOf } from './read-object.ts';
import { repeatRequest } from './repeat-request.ts';

/** Stores a blob in one request (Put Blob), which is repeated if it fails; never twice, see {@link repeatRequest}. */
export async function putWhole(
  { connection, options, retryMs }: PutContext,
  key: ObjectKey,
  bytes: Buffer,
  condition: PutCondition | undefined,
  signal: AbortSignal,
): Promise<ObjectInfo> {
  const putId = newPutId();
  const { accessTier } = options;
  const what = { what: `put of "${key}"`, bodySize: bytes.length };
  const send = async (): Promise<ObjectInfo> => {
    const request = { ...what, signal: commitSignal(signal) };
    try {
      const { etag, lastModified } = await connection.call(request, (container, abortSignal) =>
        container.getBlockBlobClient(connection.nameOf(key)).upload(bytes, bytes.length, {
          abortSignal,
          conditions: conditionsOf(condition),
          metadata: { [PUT_ID]: putId },
          transactionalContentMD5: createHash('md5').update(bytes).digest(),
          ...(accessTier === undefined ? {} : { tier: accessTier }),
        }),
      );
      return infoOf(key, bytes.length, etag, lastModified);
    } catch (error) {
      throw withCondition(error, key, condition);
    }
  };
  let found: ObjectInfo | undefined;
  const wasDone = async (): Promise<boolean> => {
    const there = await headIfPresent(connection, key, signal);
    found = there?.info;
    return there?.putId === putId;
  };
  return (await repeatRequest(send, { retryMs, signal, wasDone })) ?? found ?? infoOf(key, bytes.length);
}
