/** Why a database was not restored, and in which state it is. */
import { QuackupError } from '../errors.ts';
import type { FileRole } from '../format/schema.ts';
import type { Journal, RestoreSite } from './restore-site.ts';

/** What the file system has against writing there, in words; anything else as it is. */
export function notWritten(site: RestoreSite, error: unknown): unknown {
  if (error instanceof QuackupError || !isOfFileSystem(error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
  return new QuackupError(
    full ? 'NO_SPACE' : 'RESTORE_FAILED',
    `nothing was restored to ${site.path}: ${(error as Error).message}; what was there is untouched`,
    {
      cause: error,
      hint: full
        ? 'make room, or restore elsewhere with --restore-dir'
        : 'check the permissions of the folder, or restore elsewhere with --restore-dir',
    },
  );
}

/** That a switch failed and was undone. */
export function notReplaced(site: RestoreSite, error: unknown): QuackupError {
  return new QuackupError(
    'RESTORE_FAILED',
    `${site.path} could not be replaced: ${(error as Error).message}; it is as it was before`,
    {
      cause: error,
      hint: 'check the permissions of the folder, or restore elsewhere with --restore-dir',
    },
  );
}

/** That a switch failed and could not be undone either. */
export function notSettled(
  site: RestoreSite,
  { suffix }: Journal,
  errors: readonly [unknown, unknown],
): QuackupError {
  const [first, second] = errors.map((error) => (error as Error).message);
  return new QuackupError(
    'RESTORE_FAILED',
    `${site.path} could not be replaced: ${first}; nor could that be undone: ${second}; the old database is there, or beside it as ${site.path}${suffix}`,
    {
      cause: new AggregateError(errors),
      hint: 'put right what the message says, then run the restore again: it first finishes or undoes this one',
    },
  );
}

/** That something is there, and must not be replaced. */
export function inWay(
  site: RestoreSite,
  files: readonly FileRole[],
  recovered: readonly string[],
): QuackupError {
  const before = recovered.length > 0 ? `${recovered.join('; ')}; ` : '';
  const paths = files.map((role) => site.live(role)).join(' and ');
  return new QuackupError(
    'TARGET_EXISTS',
    `${before}${paths} ${files.length === 1 ? 'is' : 'are'} in the way; nothing was touched`,
    {
      hint: 'add --overwrite to replace it (what is there is kept as .bak), or restore elsewhere with --restore-dir',
    },
  );
}

/** That what an earlier run was killed in could not be settled. */
export function notRecovered(site: RestoreSite, error: unknown): unknown {
  if (error instanceof QuackupError || !isOfFileSystem(error)) return error;
  return new QuackupError(
    'RESTORE_FAILED',
    `an earlier restore to ${site.path} was cut off, and could be neither finished nor undone: ${(error as Error).message}`,
    {
      cause: error,
      hint: 'put right what the message says, then run the restore again: it first finishes or undoes that one',
    },
  );
}

const isOfFileSystem = (error: unknown): boolean => (error as NodeJS.ErrnoException).syscall !== undefined;
