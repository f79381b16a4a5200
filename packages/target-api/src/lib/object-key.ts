import { TargetError } from './target-error.ts';

/**
 * The name of an object on a target, checked. It can only be made by {@link objectKey}, so a target may use it as it is.
 *
 * One or more segments joined by `/`; a segment is `[A-Za-z0-9._=-]+` and does not begin with a dot. That is the part
 * that every file system and object store treats alike: no escaping, no case to fold that we would rely on, no `..`,
 * no hidden or temporary name.
 */
export type ObjectKey = string & { readonly __brand: 'ObjectKey' };

/** Characters in the longest key. Azure and S3 take 1,024 bytes; a prefix of the user's own must fit as well. */
export const MAX_KEY_LENGTH = 900;

const SEGMENT = /^[A-Za-z0-9_=-][A-Za-z0-9._=-]*$/;

/** Whether `text` is a valid {@link ObjectKey}. */
export function isObjectKey(text: string): text is ObjectKey {
  return (
    text.length > 0 &&
    text.length <= MAX_KEY_LENGTH &&
    text.split('/').every((segment) => SEGMENT.test(segment))
  );
}

/**
 * Checks a key.
 *
 * @throws TargetError `INVALID_KEY` if `text` is not a valid key.
 */
export function objectKey(text: string): ObjectKey {
  if (isObjectKey(text)) return text;
  throw new TargetError('INVALID_KEY', `${JSON.stringify(text.slice(0, 100))} is not a valid object key`, {
    hint: `use segments of A-Z a-z 0-9 . _ = - joined by "/", none beginning with a dot, ${MAX_KEY_LENGTH} characters at most`,
  });
}
