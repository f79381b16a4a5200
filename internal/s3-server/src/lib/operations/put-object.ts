import { type Answer, objectsOf, type OperationContext, storedHeaders } from '../answer.ts';
import { checkConditions } from '../conditions.ts';
import { receiveBody } from '../receive-body.ts';
import { storeVersion } from '../server-state.ts';

export async function putObject(context: OperationContext): Promise<Answer> {
  const { state, request, target } = context;
  const objects = objectsOf(context);
  const segment = await receiveBody(state, request);
  checkConditions(context, objects, 'single-request');
  state.counter += 1;
  const version = {
    versionId: String(state.counter),
    segments: [segment],
    size: segment.size,
    etag: `"${segment.md5.toString('hex')}"`,
    modifiedAt: state.options.now(),
    headers: storedHeaders(request),
    deleteMarker: false,
  };
  storeVersion(state, target.bucket, target.key, version);
  return { status: 200, headers: { etag: version.etag } };
}
