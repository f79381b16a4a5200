import {
  isTargetError,
  type ObjectInfo,
  type ObjectKey,
  objectKey,
  type PutOptions,
} from '@quackup/target-api';

import { QuackupError } from '../errors.ts';
import { ArchiveDigest, describeSize, hasSizeOf, maxSizeOf } from '../format/archive-size.ts';
import { isEncryptedKey } from '../format/backup-name.ts';
import { digestStored } from '../read/archive-content.ts';
import { notAllowed } from '../target/refusals.ts';
import { readAhead } from '../target/read-ahead.ts';
import type { TargetClient } from '../target/target-client.ts';
import { whenAbsent } from '../target/when-absent.ts';
import type { NeededArchive } from './needed-archive.ts';
import type { CopyStep } from './plan-copy.ts';

/**
 * Copies one archive. Every byte is hashed on its way.
 *
 * @throws BACKUP_DAMAGED if it is not what was written; then nothing of it is on the other target.
 * @throws TARGET_ACCESS if it would replace what is there, and nothing may be replaced.
 */
export async function copyArchive(
  source: TargetClient,
  destination: TargetClient,
  { archive, replaces }: CopyStep,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const key = objectKey(archive.name);
  if (replaces !== undefined && destination.access !== 'full')
    throw notAllowed(destination, `to replace ${key}`);
  const size = isEncryptedKey(key) ? (await source.stat(key))?.size : archive.sizeBytes;
  if (size === undefined) throw notWhole(source, archive.name, 'it is gone');
  try {
    await destination.put(key, checked(source, key, archive, onBytes), {
      size,
      ...(replaces === undefined ? whenAbsent(destination) : whenSame(destination, replaces)),
    });
  } catch (error) {
    // Somebody copies the same backup at this moment and was faster.
    if (!isTargetError(error) || error.code !== 'PRECONDITION_FAILED') throw error;
    if (!(await isThere(destination, archive))) throw error;
  }
}

function whenSame({ target }: TargetClient, { etag }: ObjectInfo): Pick<PutOptions, 'condition'> {
  return target.capabilities.putIfMatch && etag !== undefined
    ? { condition: { type: 'if-match', etag } }
    : {};
}

/** Whether this very archive is there, by its bytes. */
async function isThere(client: TargetClient, archive: NeededArchive): Promise<boolean> {
  const { sizeBytes, sha256, header } = await digestStored(client, archive.name);
  return (
    sizeBytes === archive.sizeBytes &&
    sha256 === archive.sha256 &&
    (archive.header === undefined || archive.header.sha256 === header.sha256)
  );
}

/** The archive's bytes. Fails at its end, before the put is done, if they are not those that were backed up. */
async function* checked(
  source: TargetClient,
  key: ObjectKey,
  archive: NeededArchive,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { name, sha256, header } = archive;
  const digest = new ArchiveDigest(name);
  let done = 0;
  // The last piece is held back until it is known that all of them are right.
  let held: Buffer | undefined;
  try {
    for await (const piece of readAhead(source, key)) {
      if (held !== undefined) yield held;
      digest.update(piece);
      done += piece.length;
      if (done > maxSizeOf(archive)) throw notWhole(source, name, `it ${describeSize(archive, done)}`);
      onBytes(piece.length);
      held = piece;
    }
  } catch (error) {
    if (isTargetError(error) && error.code === 'NOT_FOUND') throw notWhole(source, name, 'it is gone', error);
    throw error;
  }
  if (!hasSizeOf(archive, done)) throw notWhole(source, name, `it ${describeSize(archive, done)}`);
  const found = digest.finish();
  if (found.sha256 !== sha256 || (header !== undefined && found.header.sha256 !== header.sha256))
    throw notWhole(source, name, 'its SHA-256 is not the one that was recorded');
  if (held !== undefined) yield held;
}

function notWhole(source: TargetClient, name: string, why: string, cause?: unknown): QuackupError {
  return new QuackupError(
    'BACKUP_DAMAGED',
    `${name} on ${source.target.displayName} cannot be copied: ${why}; nothing of it was stored`,
    { cause, hint: 'quackup verify says what else is damaged; copy another backup' },
  );
}
