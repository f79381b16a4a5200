import { TargetError } from './target-error.ts';

/**
 * The name of an object on a target, checked. It can only be made by {@link objectKey}, so a target may use it as it is.
 *
 * One or more segments joined by `/`; a segment is made of `A-Z a-z 0-9 . _ = -` and neither begins nor ends with a dot.
 * That is the part that every file system and object store treats alike: no escaping, no case to fold that we would rely
 * on, no `..`, no hidden or temporary name, no dot that Windows or Azure drops.
 *
 * **A key below a key.** Core never stores two objects of which one's key begins with the other's and a `/` (`a`, `a/b`):
 * a folder has no room for both. A target that has none refuses the second with `UNSUPPORTED` and leaves the first as it is.
 */
export type ObjectKey = string & { readonly __brand: 'ObjectKey' };

/** Characters in the longest key. S3, Azure and GCS take 1,024 bytes; a prefix of the user's own must fit as well. */
export const MAX_KEY_LENGTH = 900;

/**
 * Characters in the longest segment. ext4, XFS, APFS and NTFS take 255 in a name; what is left is for the suffix of a
 * file that is not finished.
 */
export const MAX_SEGMENT_LENGTH = 220;

/** The most segments of a key. Azure takes 63 with a hierarchical namespace; a prefix of the user's own must fit as well. */
export const MAX_SEGMENTS = 32;

const SEGMENT = /^[A-Za-z0-9_=-](?:[A-Za-z0-9._=-]*[A-Za-z0-9_=-])?$/;

/** Whether `text` is a valid {@link ObjectKey}. */
export function isObjectKey(text: string): text is ObjectKey {
  if (text.length > MAX_KEY_LENGTH) return false;
  const segments = text.split('/');
  return (
    segments.length <= MAX_SEGMENTS &&
    segments.every((segment) => segment.length <= MAX_SEGMENT_LENGTH && SEGMENT.test(segment))
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
    hint: `join at most ${MAX_SEGMENTS} segments by "/", each of at most ${MAX_SEGMENT_LENGTH} characters A-Z a-z 0-9 . _ = - without a dot at its ends, ${MAX_KEY_LENGTH} characters together`,
  });
}
