import { objectKey, type PutOptions } from '@quackup/target-api';

import { QuackupError } from '../errors.ts';
import { describeSize, hasSizeOf } from '../format/archive-size.ts';
import { manifestKey } from '../format/backup-name.ts';
import { MAX_MANIFEST_BYTES } from '../format/manifest.ts';
import type { ArchiveReference } from '../format/schema.ts';
import type { TargetClient } from '../target/target-client.ts';
import type { Lease } from './held-lease.ts';

/** What makes a backup one. */
export interface Declaration extends Pick<PutOptions, 'condition'> {
  /** Of the backup. */
  readonly name: string;
  /** Of its manifest. */
  readonly text: string;
  /** All that it needs. */
  readonly archives: readonly ArchiveReference[];
}

/**
 * Puts a backup's manifest under a lease. A machine can fall asleep between any two steps, for longer than its lease lasts, and a
 * cleanup elsewhere then takes the archives for leftovers. So it is looked once more when the manifest is there.
 *
 * @throws LEASE_LOST if the lease was lost before: then nothing was put. Or meanwhile, and an archive is not there any more: then the
 *   manifest was taken back, or the message says that it could not be.
 */
export async function putManifest(
  client: TargetClient,
  lease: Lease,
  declaration: Declaration,
): Promise<void> {
  const { name, text, condition } = declaration;
  lease.throwIfLost();
  try {
    await client.putText(manifestKey(name), text, condition === undefined ? {} : { condition });
  } finally {
    // Also of a put that failed: one that stood still while the machine slept may have been done.
    const lost = lossOf(lease);
    if (lost !== undefined) await settle(client, declaration, lost);
  }
}

function lossOf(lease: Lease): QuackupError | undefined {
  try {
    lease.throwIfLost();
    return undefined;
  } catch (lost) {
    return lost as QuackupError;
  }
}

/** What an archive is like that is not as its backup needs it. Undefined: all are. */
export async function lostArchive(
  client: TargetClient,
  archives: readonly ArchiveReference[],
): Promise<string | undefined> {
  for (const archive of archives) {
    const size = (await client.stat(objectKey(archive.name)))?.size;
    if (!hasSizeOf(archive, size)) return `${archive.name} ${describeSize(archive, size)}`;
  }
  return undefined;
}

async function settle(
  client: TargetClient,
  { name, text, archives }: Declaration,
  lost: QuackupError,
): Promise<void> {
  const key = manifestKey(name);
  const place = client.target.displayName;
  const meanwhile = `${lost.message} while ${key} was put`;
  let gone: string | undefined;
  try {
    gone = await lostArchive(client, archives);
    if (gone === undefined) return;
    if ((await client.readText(key, MAX_MANIFEST_BYTES)) === text) await client.delete(key);
  } catch (error) {
    const state = gone === undefined ? 'what it needs could not be looked at' : `${gone} by now`;
    throw new QuackupError(
      'LEASE_LOST',
      `${meanwhile}; ${state}: ${(error as Error).message}; the backup may be listed on ${place} all the same`,
      { cause: lost, hint: `quackup verify ${name} --target ${client.name} says whether it is whole` },
    );
  }
  throw new QuackupError(
    'LEASE_LOST',
    `${meanwhile}, and ${gone} by now; the backup is not listed on ${place}`,
    { cause: lost, hint: 'run the command again: it stores what is missing' },
  );
}
