import { isTargetError, TargetError } from '@quackup/target-api';

import type { Connection } from './connection.ts';
import { orAborted } from './or-aborted.ts';
import { STATUS, statusOf, toTargetError } from './sftp-error.ts';

/** What `statvfs@openssh.com` tells of a file system, as far as it is used. */
interface FileSystem {
  /** Blocks that are free for this user. */
  readonly f_bavail: number;
  readonly f_flag: number;
}

const READ_ONLY_FLAG = 1;

/**
 * The error of a put as the contract names it. A server says "Failure" to a full disk, to a file system that is read-only and to
 * everything else; so it is asked about the file system.
 *
 * @returns the abort's reason and the body's own error as they are.
 */
export async function explainFailure(
  connection: Connection,
  root: string,
  error: unknown,
  what: string,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  if (signal?.aborted === true && error === signal.reason) return error;
  const status = statusOf(error);
  // What has no status is the body's, or a TargetError already.
  if (isTargetError(error) || status === undefined) return error;
  if (status !== STATUS.failure) return toTargetError(error, what);
  const { f_bavail: free = 1, f_flag: flags = 0 } = await orAborted(askFileSystem(connection, root), signal);
  if ((flags & READ_ONLY_FLAG) !== 0) {
    return new TargetError('READ_ONLY', `${what}: the file system of ${root} is read-only`, {
      hint: 'mount it for writing on the server, or use another folder',
      cause: error,
    });
  }
  if (free === 0) {
    return new TargetError('NO_SPACE', `${what}: the disk of ${root} is full`, {
      hint: 'free some space on the server, or use another folder',
      cause: error,
    });
  }
  return toTargetError(error, what);
}

async function askFileSystem(connection: Connection, root: string): Promise<Partial<FileSystem>> {
  try {
    return await connection.request<FileSystem>((sftp, reply) => sftp.ext_openssh_statvfs(root, reply));
  } catch {
    // The server cannot tell either.
    return {};
  }
}
