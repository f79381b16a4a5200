import { type Answer, objectsOf, type OperationContext } from '../answer.ts';
import { receiveText } from '../receive-body.ts';
import { S3Error } from '../s3-error.ts';
import { type ObjectVersion, type ServerState, storeVersion } from '../server-state.ts';
import { contentsOf, element, group, textOf, xmlDocument } from '../xml.ts';

// As S3 has it.
const MAX_KEYS = 1000;

export async function deleteObject(context: OperationContext): Promise<Answer> {
  remove(context.state, context.target.bucket, objectsOf(context), context.target.key);
  return { status: 204 };
}

export async function deleteObjects(context: OperationContext): Promise<Answer> {
  const { state, request, target } = context;
  const objects = objectsOf(context);
  const xml = await receiveText(request);
  const keys = contentsOf(xml, 'Object').map((object) => textOf(object, 'Key') ?? '');
  if (keys.length === 0 || keys.length > MAX_KEYS)
    throw new S3Error(400, 'MalformedXML', `${keys.length} keys`);
  const denied = state.denied.has('DeleteObject');
  const answers = keys.map((key) => {
    if (denied) {
      return group(
        'Error',
        element('Key', key),
        element('Code', 'AccessDenied'),
        element('Message', 'Access Denied'),
      );
    }
    remove(state, target.bucket, objects, key);
    return textOf(xml, 'Quiet') === 'true' ? '' : group('Deleted', element('Key', key));
  });
  return { status: 200, text: xmlDocument('DeleteResult', answers.join('')) };
}

/** In a bucket with versions a delete adds a marker; nothing goes. */
function remove(
  state: ServerState,
  bucket: string,
  objects: Map<string, ObjectVersion[]>,
  key: string,
): void {
  if (!state.options.versioning) {
    objects.delete(key);
    return;
  }
  state.counter += 1;
  storeVersion(state, bucket, key, {
    versionId: String(state.counter),
    segments: [],
    size: 0,
    etag: '',
    modifiedAt: state.options.now(),
    headers: {},
    deleteMarker: true,
  });
}
