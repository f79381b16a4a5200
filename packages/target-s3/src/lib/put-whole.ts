import { commitSignal, type ObjectInfo, type ObjectKey, type PutCondition } from '@quackup/target-api';

import {
  conditionHeaders,
  head,
  headIfPresent,
  newPutId,
  PUT_ID,
  type PutContext,
  withCondition,
} from './put-context.ts';
import { putSettings } from './put-settings.ts';
import { repeatRequest } from './repeat-request.ts';

/** Stores an object in one request, which is repeated if it fails; never twice, see {@link repeatRequest}. */
export async function putWhole(
  { connection, options, now, retryMs }: PutContext,
  key: ObjectKey,
  bytes: Buffer,
  condition: PutCondition | undefined,
  signal: AbortSignal,
): Promise<ObjectInfo> {
  const putId = newPutId();
  const what = { what: `put of "${key}"`, action: 's3:PutObject', bodySize: bytes.length };
  const send = async (): Promise<string | undefined> => {
    const request = { ...what, signal: commitSignal(signal) };
    try {
      const { ETag } = await connection.call(request, (s3, callOptions) =>
        s3.putObject(
          {
            Bucket: connection.bucket,
            Key: connection.nameOf(key),
            Body: bytes,
            ContentLength: bytes.length,
            Metadata: { [PUT_ID]: putId },
            ...conditionHeaders(condition),
            ...putSettings(options, now()),
          },
          callOptions,
        ),
      );
      return ETag ?? (await head(connection, key, signal)).etag;
    } catch (error) {
      throw withCondition(error, key, condition);
    }
  };
  let found: string | undefined;
  const wasDone = async (): Promise<boolean> => {
    const there = await headIfPresent(connection, key, signal);
    found = there?.etag;
    return there?.putId === putId;
  };
  const etag = (await repeatRequest(send, { retryMs, signal, wasDone })) ?? found;
  return { key, size: bytes.length, modifiedAt: now(), ...(etag === undefined ? {} : { etag }) };
}
