import type { ObjectInfo, ObjectKey } from '@quackup/target-api';

import { QuackupError } from '../errors.ts';

/** Whether two answers speak of one version of an object. */
export function isSameVersion(info: ObjectInfo, other: ObjectInfo | undefined): boolean {
  return (
    info.size === other?.size &&
    info.etag === other.etag &&
    info.modifiedAt.getTime() === other.modifiedAt.getTime()
  );
}

/** An object that became another one between two reads. */
export function replaced(key: ObjectKey): QuackupError {
  return new QuackupError('BACKUP_DAMAGED', `${key} was replaced while it was read`, {
    hint: 'run the command again',
  });
}

/** An object that is shorter or longer than what is known of it. */
export function cut(key: ObjectKey, expected: number, found: number): QuackupError {
  return new QuackupError('BACKUP_DAMAGED', `${key} gave ${found} bytes where there must be ${expected}`);
}
