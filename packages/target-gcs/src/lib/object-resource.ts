import { type ObjectInfo, type ObjectKey, TargetError } from '@quackup/target-api';

/** What is known of an object, and who wrote it. */
export interface ObjectResource {
  readonly name: string;
  readonly size: number;
  readonly generation: string;
  readonly updated: Date;
  readonly putId: string | undefined;
}

/** Who wrote an object: a name of its metadata, so that a put whose answer was lost knows its own. */
export const PUT_ID = 'quackup-put';

/** The fields that {@link parseResource} needs, as the parameter `fields` of a request wants them. */
export const RESOURCE_FIELDS: string = `name,size,generation,updated,metadata/${PUT_ID}`;

/**
 * An object's resource in an answer of the JSON API.
 *
 * @throws TargetError `UNKNOWN` if it is none.
 */
export function parseResource(json: unknown): ObjectResource {
  const { name, size, generation, updated, metadata } = (json ?? {}) as Readonly<Record<string, unknown>>;
  const bytes = Number(size);
  if (typeof name !== 'string' || typeof generation !== 'string' || !Number.isSafeInteger(bytes))
    throw new TargetError('UNKNOWN', 'the answer is not what Cloud Storage says of an object', {
      hint: 'check the endpoint and any proxy on the way',
    });
  const putId = (metadata as Readonly<Record<string, unknown>> | undefined)?.[PUT_ID];
  return {
    name,
    size: bytes,
    generation,
    updated: dateOf(updated),
    putId: typeof putId === 'string' ? putId : undefined,
  };
}

/** As {@link parseResource}, from the text of an answer. */
export function parseResourceText(text: string): ObjectResource {
  return parseResource(parseJson(text));
}

/** @throws TargetError `UNKNOWN` if it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TargetError('UNKNOWN', 'the answer is not JSON', {
      cause,
      hint: 'check the endpoint and any proxy on the way',
    });
  }
}

/** The generation serves as the etag: it changes with every write, and conditions are about it. */
export function infoOf(
  key: ObjectKey,
  { size, generation, updated }: Omit<ObjectResource, 'name' | 'putId'>,
): ObjectInfo {
  return { key, size, modifiedAt: updated, etag: generation };
}

/** A time of the service; the beginning of 1970 if it says none. */
export function dateOf(text: unknown): Date {
  const time = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  return new Date(Number.isNaN(time) ? 0 : time);
}
