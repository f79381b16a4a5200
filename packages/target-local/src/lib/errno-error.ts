import { isTargetError, TargetError, type TargetErrorCode } from '@quackup/target-api';

interface Meaning {
  readonly code: TargetErrorCode;
  readonly hint?: string;
}

const MODES: Meaning = { code: 'ACCESS_DENIED', hint: 'check the owner and the modes of the folder' };
const SPACE: Meaning = { code: 'NO_SPACE', hint: 'free some space, or use another folder' };
const HANDLES: Meaning = { code: 'UNAVAILABLE', hint: 'raise the limit of open files (ulimit -n)' };
const AWAY: Meaning = { code: 'UNAVAILABLE', hint: 'check the network drive' };
const DAMAGED: Meaning = { code: 'CORRUPT', hint: 'check the disk and the system log' };
const FOREIGN: Meaning = { code: 'UNSUPPORTED', hint: 'something else in the folder is in the way' };

/** What the system's errors mean here. Whether ENOENT means "no such object" only the caller knows: see `isAbsence`. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOENT: { code: 'CONTAINER_NOT_FOUND', hint: 'check that the folder is there and its disk is mounted' },
  EACCES: MODES,
  EPERM: MODES,
  ENOSPC: SPACE,
  EDQUOT: SPACE,
  EROFS: { code: 'READ_ONLY', hint: 'mount the file system for writing, or use another folder' },
  EFBIG: { code: 'TOO_LARGE', hint: 'use a file system that takes larger files' },
  EMFILE: HANDLES,
  ENFILE: HANDLES,
  ENOTDIR: FOREIGN,
  EISDIR: FOREIGN,
  ELOOP: FOREIGN,
  EXDEV: { code: 'UNSUPPORTED', hint: 'keep the whole folder on one file system' },
  ENAMETOOLONG: {
    code: 'INVALID_KEY',
    hint: 'use shorter names: most file systems take 255 bytes for each segment',
  },
  EIO: DAMAGED,
  EUCLEAN: DAMAGED,
  EBADMSG: DAMAGED,
  EBUSY: { code: 'UNAVAILABLE', hint: 'wait until the file is not used any more' },
  EAGAIN: AWAY,
  ESTALE: AWAY,
  ETIMEDOUT: AWAY,
  ENOTCONN: AWAY,
  EHOSTDOWN: AWAY,
  EHOSTUNREACH: AWAY,
};

/** The system's name of an error (`ENOENT`), if it is the system's. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/**
 * An error of the file system as the contract names it; unknown ones are `UNKNOWN`. A `TargetError` is passed on.
 *
 * @param what What was attempted, with the path.
 */
export function toTargetError(error: unknown, what: string): TargetError {
  if (isTargetError(error)) return error;
  const errno = errnoOf(error);
  const { code, hint }: Meaning = (errno === undefined ? undefined : MEANINGS[errno]) ?? { code: 'UNKNOWN' };
  const reason = error instanceof Error ? error.message : String(error);
  return new TargetError(code, `${what}: ${reason}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Whether an error of the file system says that there is no such file: nor can there be, below a file or with such a name. */
export function isAbsence(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'].includes(errnoOf(error) ?? '');
}
