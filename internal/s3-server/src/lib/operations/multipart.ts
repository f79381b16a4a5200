import { createHash } from 'node:crypto';

import { type Answer, objectsOf, type OperationContext, storedHeaders } from '../answer.ts';
import { checkConditions } from '../conditions.ts';
import { receiveBody, receiveText } from '../receive-body.ts';
import { S3Error } from '../s3-error.ts';
import { storeVersion, type Upload } from '../server-state.ts';
import { contentsOf, element, textOf, xmlDocument } from '../xml.ts';

// As S3 has it.
const MAX_PARTS = 10_000;

export async function createMultipartUpload(context: OperationContext): Promise<Answer> {
  const { state, request, target } = context;
  objectsOf(context);
  state.counter += 1;
  const uploadId = `upload-${state.counter}`;
  state.uploads.set(uploadId, {
    uploadId,
    bucket: target.bucket,
    key: target.key,
    initiatedAt: state.options.now(),
    headers: storedHeaders(request),
    parts: new Map(),
  });
  const text = [
    element('Bucket', target.bucket),
    element('Key', target.key),
    element('UploadId', uploadId),
  ].join('');
  return { status: 200, text: xmlDocument('InitiateMultipartUploadResult', text) };
}

export async function uploadPart(context: OperationContext): Promise<Answer> {
  const { state, request, target } = context;
  const number = Number(target.query.get('partNumber'));
  if (!(number >= 1 && number <= MAX_PARTS)) {
    throw new S3Error(400, 'InvalidArgument', `Part number must be an integer between 1 and ${MAX_PARTS}`);
  }
  uploadOf(context);
  const segment = await receiveBody(state, request);
  const etag = `"${segment.md5.toString('hex')}"`;
  // Looked for again: it may have been aborted meanwhile.
  uploadOf(context).parts.set(number, { ...segment, etag, modifiedAt: state.options.now() });
  return { status: 200, headers: { etag } };
}

export async function completeMultipartUpload(context: OperationContext): Promise<Answer> {
  const { state, request, target } = context;
  const objects = objectsOf(context);
  const xml = await receiveText(request);
  const upload = uploadOf(context);
  const named = contentsOf(xml, 'Part').map((part) => ({
    number: Number(textOf(part, 'PartNumber')),
    etag: textOf(part, 'ETag'),
  }));
  if (named.length === 0) throw new S3Error(400, 'MalformedXML', 'there must be a part');
  const parts = named.map(({ number, etag }, index) => {
    const part = upload.parts.get(number);
    if (part === undefined || part.etag !== etag) {
      throw new S3Error(400, 'InvalidPart', 'One or more of the specified parts could not be found.');
    }
    if (index > 0 && number <= (named[index - 1]?.number ?? 0)) {
      throw new S3Error(400, 'InvalidPartOrder', 'The list of parts was not in ascending order.');
    }
    return part;
  });
  const [first] = parts;
  for (const part of parts.slice(0, -1)) {
    if (part.size < state.options.minPartSize) {
      throw new S3Error(400, 'EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed');
    }
    if (state.options.equalParts && part.size !== first?.size) {
      throw new S3Error(400, 'InvalidPart', 'All non-trailing parts must have the same length.');
    }
  }
  checkConditions(context, objects, 'multipart');
  const md5 = createHash('md5');
  for (const part of parts) md5.update(part.md5);
  const etag = `"${md5.digest('hex')}-${parts.length}"`;
  state.counter += 1;
  state.uploads.delete(upload.uploadId);
  storeVersion(state, target.bucket, target.key, {
    versionId: String(state.counter),
    segments: parts,
    size: parts.reduce((sum, part) => sum + part.size, 0),
    etag,
    modifiedAt: state.options.now(),
    headers: upload.headers,
    deleteMarker: false,
  });
  const text = [element('Bucket', target.bucket), element('Key', target.key), element('ETag', etag)].join('');
  return { status: 200, text: xmlDocument('CompleteMultipartUploadResult', text) };
}

export async function abortMultipartUpload(context: OperationContext): Promise<Answer> {
  context.state.uploads.delete(uploadOf(context).uploadId);
  return { status: 204 };
}

/** The upload that the request names. */
export function uploadOf(context: OperationContext): Upload {
  objectsOf(context);
  const { bucket, key, query } = context.target;
  const upload = context.state.uploads.get(query.get('uploadId') ?? '');
  if (upload !== undefined && upload.bucket === bucket && upload.key === key) return upload;
  throw new S3Error(
    404,
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
  );
}
