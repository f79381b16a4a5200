import { S3Error } from './s3-error.ts';

/** What the server can do, by the names of S3's own documentation. */
export type S3Operation =
  | 'AbortMultipartUpload'
  | 'CompleteMultipartUpload'
  | 'CreateBucket'
  | 'CreateMultipartUpload'
  | 'DeleteObject'
  | 'DeleteObjects'
  | 'GetObject'
  | 'HeadBucket'
  | 'HeadObject'
  | 'ListMultipartUploads'
  | 'ListObjectsV2'
  | 'ListParts'
  | 'PutObject'
  | 'UploadPart';

/** A request, taken apart: path style only, `/bucket/key`. */
export interface RequestTarget {
  readonly operation: S3Operation;
  readonly bucket: string;
  /** Empty for operations on a bucket. */
  readonly key: string;
  readonly query: URLSearchParams;
}

/** @throws S3Error `NotImplemented` if it is none of {@link S3Operation}. */
export function parseRequestTarget(method: string, url: string): RequestTarget {
  const [path = '', search = ''] = url.split('?', 2);
  const query = new URLSearchParams(search);
  const [, bucket = '', ...segments] = path.split('/');
  const key = decodeURIComponent(segments.join('/'));
  const operation = key === '' ? bucketOperation(method, query) : objectOperation(method, query);
  if (operation === undefined || bucket === '') {
    throw new S3Error(501, 'NotImplemented', `this server does not do ${method} ${url.split('?', 1)[0]}`);
  }
  return { operation, bucket: decodeURIComponent(bucket), key, query };
}

function bucketOperation(method: string, query: URLSearchParams): S3Operation | undefined {
  if (method === 'GET' && query.has('uploads')) return 'ListMultipartUploads';
  if (method === 'GET' && query.get('list-type') === '2') return 'ListObjectsV2';
  if (method === 'POST' && query.has('delete')) return 'DeleteObjects';
  if (method === 'HEAD') return 'HeadBucket';
  return method === 'PUT' ? 'CreateBucket' : undefined;
}

function objectOperation(method: string, query: URLSearchParams): S3Operation | undefined {
  if (query.has('uploadId')) {
    const operations: Readonly<Record<string, S3Operation>> = {
      GET: 'ListParts',
      PUT: 'UploadPart',
      POST: 'CompleteMultipartUpload',
      DELETE: 'AbortMultipartUpload',
    };
    return operations[method];
  }
  if (method === 'POST') return query.has('uploads') ? 'CreateMultipartUpload' : undefined;
  const operations: Readonly<Record<string, S3Operation>> = {
    GET: 'GetObject',
    HEAD: 'HeadObject',
    PUT: 'PutObject',
    DELETE: 'DeleteObject',
  };
  return operations[method];
}
