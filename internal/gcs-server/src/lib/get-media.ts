import type { Answer } from './answer.ts';
import type { GcsFault } from './faults.ts';
import { GcsError } from './gcs-error.ts';
import type { StoredObject } from './server-state.ts';

/** The bytes of an object, or of the one range in the header. */
export function getMedia(object: StoredObject, rangeHeader: string, fault: GcsFault | undefined): Answer {
  const { size, generation, updated, md5Hash } = object;
  const headers = {
    'content-type': object.metadata.contentType ?? 'application/octet-stream',
    'x-goog-generation': generation,
    'x-goog-hash': `md5=${md5Hash}`,
    'x-goog-stored-content-length': String(size),
    'last-modified': updated.toUTCString(),
  };
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(rangeHeader) ?? [];
  if (first === undefined || fault?.kind === 'ignore-range')
    return { status: 200, headers, content: { object, start: 0, end: size } };
  const [start, end] = [Number(first), last === '' ? size : Math.min(Number(last) + 1, size)];
  if (start >= size) throw new GcsError(416, 'requestedRangeNotSatisfiable', 'Request range not satisfiable');
  const range = `bytes ${start}-${end - 1}/${size}`;
  return { status: 206, headers: { ...headers, 'content-range': range }, content: { object, start, end } };
}
