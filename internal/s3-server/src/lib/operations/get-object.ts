import { type Answer, objectsOf, type OperationContext } from '../answer.ts';
import { S3Error } from '../s3-error.ts';
import { currentVersion } from '../server-state.ts';

/** GetObject and HeadObject, with one range of the form `bytes=a-b`, `bytes=a-` or `bytes=-n`. */
export async function getObject(context: OperationContext): Promise<Answer> {
  const { request, target } = context;
  const version = currentVersion(objectsOf(context), target.key);
  if (version === undefined) throw new S3Error(404, 'NoSuchKey', 'The specified key does not exist.');
  const { size, segments } = version;
  const headers = {
    ...version.headers,
    etag: version.etag,
    'last-modified': version.modifiedAt.toUTCString(),
    'accept-ranges': 'bytes',
  };
  const range = parseRange(request.headers.range, size);
  if (range === undefined) return { status: 200, headers, content: { segments, start: 0, end: size } };
  const { start, end } = range;
  if (start >= end) {
    throw new S3Error(416, 'InvalidRange', 'The requested range is not satisfiable', {
      ActualObjectSize: String(size),
    });
  }
  return {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${start}-${end - 1}/${size}` },
    content: { segments, start, end },
  };
}

function parseRange(
  header: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') return { start: Math.max(0, size - Number(last)), end: size };
  const end = last === '' ? size : Math.min(size, Number(last) + 1);
  return { start: Number(first), end };
}
