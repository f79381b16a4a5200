import { type Answer, objectsOf, type OperationContext } from '../answer.ts';
import { S3Error } from '../s3-error.ts';
import { currentVersion } from '../server-state.ts';
import { element, group, xmlDocument } from '../xml.ts';

/** ListObjectsV2 without delimiter. The continuation token is the last key, encoded. */
export async function listObjects(context: OperationContext): Promise<Answer> {
  const { state, target } = context;
  const { query } = target;
  if (query.has('delimiter')) throw new S3Error(501, 'NotImplemented', 'delimiter');
  const objects = objectsOf(context);
  const prefix = query.get('prefix') ?? '';
  const token = query.get('continuation-token');
  const startAfter =
    token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url').toString();
  const maxKeys = Math.min(Number(query.get('max-keys') ?? 1000), state.options.pageSize);
  const encode = (text: string): string =>
    query.get('encoding-type') === 'url' ? encodeURIComponent(text) : text;
  // In the order of UTF-8 bytes.
  const keys = [...objects.keys()]
    .filter((key) => key.startsWith(prefix) && Buffer.compare(Buffer.from(key), Buffer.from(startAfter)) > 0)
    .filter((key) => currentVersion(objects, key) !== undefined)
    .sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
  const page = keys.slice(0, maxKeys);
  const truncated = keys.length > page.length;
  const order = state.options.unordered ? page.toReversed() : page;
  const contents = order.map((key) => {
    const version = currentVersion(objects, key);
    return group(
      'Contents',
      element('Key', encode(key)),
      element('LastModified', version?.modifiedAt.toISOString() ?? ''),
      element('ETag', version?.etag ?? ''),
      element('Size', version?.size ?? 0),
      element('StorageClass', version?.headers['x-amz-storage-class'] ?? 'STANDARD'),
    );
  });
  const text = [
    element('Name', target.bucket),
    element('Prefix', encode(prefix)),
    element('KeyCount', page.length),
    element('MaxKeys', maxKeys),
    ...(query.get('encoding-type') === 'url' ? [element('EncodingType', 'url')] : []),
    element('IsTruncated', truncated),
    ...(truncated
      ? [element('NextContinuationToken', Buffer.from(page.at(-1) ?? '').toString('base64url'))]
      : []),
    ...contents,
  ].join('');
  return { status: 200, text: xmlDocument('ListBucketResult', text) };
}
