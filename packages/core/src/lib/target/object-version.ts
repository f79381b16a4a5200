import type { ObjectInfo, ObjectKey } from '@quackup/target-api';

import { QuackupError } from '../errors.ts';

/** One version of an object: what is known of it since it was first read, and that every later reading must agree with. */
export class ObjectVersion {
  readonly key: ObjectKey;
  #info: ObjectInfo | undefined;

  constructor(key: ObjectKey) {
    this.key = key;
  }

  /** Undefined before the first reading has begun. */
  get info(): ObjectInfo | undefined {
    return this.#info;
  }

  /** @throws BACKUP_DAMAGED if what is read now is another version. */
  expect(info: ObjectInfo): void {
    this.#info ??= info;
    if (!isSameVersion(info, this.#info)) throw replaced(this.key);
  }
}

function isSameVersion(info: ObjectInfo, other: ObjectInfo): boolean {
  return (
    info.size === other.size &&
    info.etag === other.etag &&
    info.modifiedAt.getTime() === other.modifiedAt.getTime()
  );
}

/** An object that became another one between two reads. */
function replaced(key: ObjectKey): QuackupError {
  return new QuackupError('BACKUP_DAMAGED', `${key} was replaced while it was read`, {
    hint: 'run the command again',
  });
}

/** An object that is shorter or longer than what is known of it. */
export function cut(key: ObjectKey, expected: number, found: number): QuackupError {
  return new QuackupError('BACKUP_DAMAGED', `${key} gave ${found} bytes where there must be ${expected}`);
}
