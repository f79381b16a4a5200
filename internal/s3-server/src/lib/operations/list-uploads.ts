import { type Answer, objectsOf, type OperationContext } from '../answer.ts';
import { element, group, xmlDocument } from '../xml.ts';
import { uploadOf } from './multipart.ts';

/** ListMultipartUploads, in the order of keys, then of upload ids. */
export async function listMultipartUploads(context: OperationContext): Promise<Answer> {
  const { state, target } = context;
  objectsOf(context);
  const prefix = target.query.get('prefix') ?? '';
  const keyMarker = target.query.get('key-marker') ?? '';
  const idMarker = target.query.get('upload-id-marker') ?? '';
  const uploads = [...state.uploads.values()]
    .filter(({ bucket, key }) => bucket === target.bucket && key.startsWith(prefix))
    .filter(
      ({ key, uploadId }) => key > keyMarker || (key === keyMarker && idMarker !== '' && uploadId > idMarker),
    )
    .sort((left, right) => (`${left.key}\0${left.uploadId}` < `${right.key}\0${right.uploadId}` ? -1 : 1));
  const page = uploads.slice(0, state.options.pageSize);
  const last = page.at(-1);
  const text = [
    element('Bucket', target.bucket),
    element('IsTruncated', uploads.length > page.length),
    ...(uploads.length > page.length && last !== undefined
      ? [element('NextKeyMarker', last.key), element('NextUploadIdMarker', last.uploadId)]
      : []),
    ...page.map(({ key, uploadId, initiatedAt }) =>
      group(
        'Upload',
        element('Key', key),
        element('UploadId', uploadId),
        element('Initiated', initiatedAt.toISOString()),
      ),
    ),
  ].join('');
  return { status: 200, text: xmlDocument('ListMultipartUploadsResult', text) };
}

/** ListParts, in ascending order of their numbers. */
export async function listParts(context: OperationContext): Promise<Answer> {
  const { state, target } = context;
  const upload = uploadOf(context);
  const marker = Number(target.query.get('part-number-marker') ?? 0);
  const parts = [...upload.parts]
    .filter(([number]) => number > marker)
    .sort(([left], [right]) => left - right);
  const page = parts.slice(0, state.options.pageSize);
  const text = [
    element('UploadId', upload.uploadId),
    element('IsTruncated', parts.length > page.length),
    element('NextPartNumberMarker', page.at(-1)?.[0] ?? 0),
    ...page.map(([number, part]) =>
      group(
        'Part',
        element('PartNumber', number),
        element('ETag', part.etag),
        element('Size', part.size),
        element('LastModified', part.modifiedAt.toISOString()),
      ),
    ),
  ].join('');
  return { status: 200, text: xmlDocument('ListPartsResult', text) };
}
