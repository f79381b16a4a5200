import { GcsError } from './gcs-error.ts';

/** What a request asks for. */
export type GcsOperation =
  | 'InsertMultipart'
  | 'StartResumable'
  | 'UploadChunk'
  | 'QueryUpload'
  | 'CancelUpload'
  | 'GetObject'
  | 'GetMedia'
  | 'ListObjects'
  | 'DeleteObject'
  | 'GetBucket';

/** A request taken apart. */
export interface RequestTarget {
  readonly operation: GcsOperation;
  readonly bucket: string;
  /** Name of the object; empty where the request is about none. */
  readonly name: string;
  readonly query: URLSearchParams;
}

/**
 * Takes a request of the JSON API apart: `/storage/v1/b/BUCKET/o/OBJECT`, `/upload/storage/v1/b/BUCKET/o`.
 *
 * @param contentRange The header, which tells a chunk from a question.
 * @throws GcsError 404 if it is none.
 */
export function parseRequest(method: string, url: string, contentRange: string): RequestTarget {
  const { pathname, searchParams: query } = new URL(url, 'http://server');
  const parts = pathname.split('/').slice(1).map(decodeURIComponent);
  const upload = parts[0] === 'upload';
  if (upload || parts[0] === 'download') parts.shift();
  const [storage, version, b, bucket = '', o, name = ''] = parts;
  if (storage !== 'storage' || version !== 'v1' || b !== 'b' || bucket === '')
    throw new GcsError(404, 'notFound', 'Not Found');
  const about = { bucket, name, query };
  if (upload)
    return {
      ...about,
      name: query.get('name') ?? '',
      operation: uploadOperation(method, query, contentRange),
    };
  if (o === undefined) return { ...about, operation: 'GetBucket' };
  if (name === '') return { ...about, operation: 'ListObjects' };
  if (method === 'DELETE') return { ...about, operation: 'DeleteObject' };
  return { ...about, operation: query.get('alt') === 'media' ? 'GetMedia' : 'GetObject' };
}

function uploadOperation(method: string, query: URLSearchParams, contentRange: string): GcsOperation {
  if (query.has('upload_id')) {
    if (method === 'DELETE') return 'CancelUpload';
    return contentRange.startsWith('bytes */') ? 'QueryUpload' : 'UploadChunk';
  }
  return query.get('uploadType') === 'resumable' ? 'StartResumable' : 'InsertMultipart';
}
