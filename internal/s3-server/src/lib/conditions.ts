import type { OperationContext } from './answer.ts';
import { S3Error } from './s3-error.ts';
import { currentVersion, type ObjectVersion } from './server-state.ts';

/**
 * Checks `If-None-Match: *` and `If-Match` of a request that writes, as far as the server is told to know them. Nothing
 * may be awaited between this and the writing.
 *
 * @throws S3Error 412 `PreconditionFailed`; 404 `NoSuchKey` for `If-Match` without an object, as S3 answers.
 */
export function checkConditions(
  { state, request, target }: OperationContext,
  objects: Map<string, ObjectVersion[]>,
  kind: 'single-request' | 'multipart',
): void {
  const { conditions } = state.options;
  if (conditions === 'none' || (conditions === 'single-requests' && kind === 'multipart')) return;
  const current = currentVersion(objects, target.key);
  const { 'if-none-match': ifNoneMatch, 'if-match': ifMatch } = request.headers;
  if (ifMatch !== undefined && current === undefined) {
    throw new S3Error(404, 'NoSuchKey', 'The specified key does not exist.');
  }
  if (
    (ifNoneMatch === '*' && current !== undefined) ||
    (ifMatch !== undefined && ifMatch !== current?.etag)
  ) {
    throw new S3Error(
      412,
      'PreconditionFailed',
      'At least one of the pre-conditions you specified did not hold',
    );
  }
}
