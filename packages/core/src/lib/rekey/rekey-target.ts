/**
 * Makes the encrypted backups of a target be for other recipients. Of each archive only the header changes, which holds its key
 * once for each recipient; a manifest is sealed anew. Nothing is decrypted but manifests.
 *
 * One backup after the other, the archive before its manifest. A run that is killed between the two leaves a backup whose archive
 * is for the new recipients and whose manifest is for the old ones; the next run finishes it, with keys of both at hand. It looks
 * at what archives are, not only at what manifests say.
 */
import { AgeError, checkRecipients, type Identity, type Recipient } from '@quackup/age';
import { isTargetError } from '@quackup/target-api';

import type { Clock, FailureReport, NamedTarget } from '../api.ts';
import { systemClock } from '../clock.ts';
import { keyRequired } from '../encryption/age-failure.ts';
import { fingerprintsOf, isByPassphrase, type KeySource } from '../encryption/encryption.ts';
import { QuackupError } from '../errors.ts';
import { failureReport } from '../failure-report.ts';
import { manifestKey } from '../format/backup-name.ts';
import {
  formatSealedManifest,
  openSealedManifest,
  type SealedManifest,
  type StoredHeader,
} from '../format/sealed-manifest.ts';
import { acquireCleanupLease } from '../lease/lease.ts';
import { readBackups, readContent } from '../list/list-backups.ts';
import type { OnProgress } from '../progress.ts';
import { notAllowed } from '../target/refusals.ts';
import { TargetClient } from '../target/target-client.ts';
import { findMixed } from './find-mixed.ts';
import { bytesOf, planRekey, type RekeyPlan, type RekeyStep, sealedOf } from './plan-rekey.ts';
import { replaceHeader } from './replace-header.ts';

export interface RekeyOptions {
  /** Who shall be able to read the backups: all of them, and nobody else. Keys, no passphrase. */
  readonly recipients: readonly Recipient[];
  /** Keys that open the backups as they are; if somebody is removed, also one of the new recipients. */
  readonly keys: KeySource;
  /** Only say what would be done. Needs no key, and so passes over archives of removed backups under manifests that are done. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  readonly clock?: Clock;
}

export interface RekeyReport {
  /** Fingerprints of the recipients. */
  readonly recipients: readonly string[];
  /**
   * Backups that are for them now, with the fingerprints that were added and removed; with a dry run: that would be. None of both: its
   * manifest was for them already, its archive was not.
   */
  readonly rekeyed: readonly {
    readonly backup: string;
    readonly added: readonly string[];
    readonly removed: readonly string[];
  }[];
  /** Archives of removed backups that others need; likewise. */
  readonly archives: readonly string[];
  readonly unchanged: readonly string[];
  /** Backups that are not encrypted. They stay so. */
  readonly plain: readonly string[];
  /** What could not be changed, and is as it was. */
  readonly failed: readonly { readonly object: string; readonly error: FailureReport }[];
  /** Bytes that were read and written again, or would be. */
  readonly movedBytes: number;
  readonly dryRun: boolean;
}

/**
 * @throws CONFIG_INVALID if the recipients cannot be used together, or are a passphrase.
 * @throws KEY_REQUIRED, KEY_WRONG if there is no key, or somebody is to be removed and no key of the new recipients is at hand:
 *   then nothing was changed.
 * @throws LEASE_HELD if a backup or a cleanup is running there; TARGET_ACCESS if nothing may be replaced there.
 * @throws TARGET_FAILED if the target failed on the way: what was done stays, and the next run goes on.
 */
export async function rekeyTarget(target: NamedTarget, options: RekeyOptions): Promise<RekeyReport> {
  const { recipients, keys, dryRun = false, signal, clock = systemClock } = options;
  const client = new TargetClient(target, { signal });
  checkNewRecipients(recipients);
  if (!dryRun && client.access !== 'full') throw notAllowed(client, 'a change of recipients');
  const identities = dryRun ? [] : await keys();
  if (!dryRun && identities.length === 0) throw keyRequired(`what is on ${client.name}`);
  await using lease = dryRun ? undefined : await acquireCleanupLease(client, clock);
  const content = await readContent(client);
  const listed = await readBackups(client, content);
  const mixed = await findMixed(client, sealedOf(listed), content.sizes, { recipients, identities });
  const plan = planRekey(listed, fingerprintsOf({ recipients }), mixed);
  if (lease === undefined) return report(plan, options, plan.steps, [], bytesOf(plan.steps));
  await checkFinishable(plan, identities, recipients);
  // Awaited: the lease is held until it is done.
  return await carryOut(client, plan, identities, options, () => {
    signal?.throwIfAborted();
    lease.throwIfLost();
  });
}

async function carryOut(
  client: TargetClient,
  plan: RekeyPlan,
  identities: readonly Identity[],
  options: RekeyOptions,
  check: () => void,
): Promise<RekeyReport> {
  const { recipients, onProgress } = options;
  const task = 'rekey';
  const totalBytes = bytesOf(plan.steps);
  const done: RekeyStep[] = [];
  const failed: { object: string; error: FailureReport }[] = [];
  let movedBytes = 0;
  onProgress?.({ type: 'task-start', task, label: `new recipients on ${client.name}`, totalBytes });
  try {
    for (const step of plan.steps) {
      check();
      const { archive, manifest } = step;
      const object = manifest?.name ?? archive.name;
      try {
        const lost = failed.find((each) => isNeeded(each.object, step));
        if (lost !== undefined) throw needs(object, lost.object);
        await take(client, step, identities, recipients, (bytes) => {
          movedBytes += bytes;
          onProgress?.({ type: 'task-advance', task, bytes });
        });
        done.push(step);
      } catch (error) {
        if (isTargetError(error)) throw stopped(client, object, done.length, plan.steps.length, error);
        if (!(error instanceof QuackupError)) throw error;
        failed.push({ object, error: failureReport(error) });
      }
    }
  } finally {
    onProgress?.({ type: 'task-end', task });
  }
  return report(plan, options, done, failed, movedBytes);
}

/** The archive, then the manifest, which says of the archive what its header is. */
async function take(
  client: TargetClient,
  { archive, manifest }: RekeyStep,
  identities: readonly Identity[],
  recipients: readonly Recipient[],
  onBytes: (bytes: number) => void,
): Promise<void> {
  // What cannot be sealed anew must not lose its header.
  const sealAnew = manifest && (await opened(manifest, identities, recipients));
  const header = await replaceHeader(client, archive, identities, recipients, onBytes);
  if (manifest !== undefined && sealAnew !== undefined) {
    await client.putText(manifestKey(manifest.name), await sealAnew(header));
  }
}

async function opened(
  stored: SealedManifest,
  identities: readonly Identity[],
  recipients: readonly Recipient[],
): Promise<(header: StoredHeader) => Promise<string>> {
  const manifest = await openSealedManifest(stored, identities);
  const { format: _format, sha256: _sha256, recipients: _recipients, archive, ...content } = manifest;
  const { header: _header, ...own } = archive;
  return (header) => formatSealedManifest({ ...content, archive: own }, header, { recipients });
}

function checkNewRecipients(recipients: readonly Recipient[]): void {
  try {
    checkRecipients(recipients);
    if (!isByPassphrase({ recipients })) return;
  } catch (error) {
    if (!(error instanceof AgeError)) throw error;
    throw new QuackupError('CONFIG_INVALID', `nothing can be encrypted so: ${error.message}`, {
      cause: error,
      hint: 'correct encryption.recipients',
    });
  }
  throw new QuackupError('CONFIG_INVALID', 'existing backups cannot be changed to a passphrase', {
    hint: 'name recipients; or make a new full backup, and let cleanup remove the old ones in time',
  });
}

/**
 * Who removes somebody must be able to read what comes out, or a run that is killed could not be finished by the next one; and
 * nobody would notice that the new key is one that nobody has.
 */
async function checkFinishable(
  { steps }: RekeyPlan,
  identities: readonly Identity[],
  recipients: readonly Recipient[],
): Promise<void> {
  if (steps.every(({ added, removed }) => added.length > 0 && removed.length === 0)) return;
  const fileKey = new Uint8Array(16);
  const stanzas = (await Promise.all(recipients.map((each) => each.wrapFileKey(fileKey)))).flat();
  for (const identity of identities) {
    if ((await identity.unwrapFileKey(stanzas)) !== undefined) return;
  }
  throw new QuackupError(
    'KEY_WRONG',
    'none of the keys at hand is that of a recipient that stays; who removes a recipient needs one, or a run that is cut off could not be finished; nothing was changed',
    { hint: 'name the new key under encryption.identities too, beside the old one' },
  );
}

const isNeeded = (failed: string, { manifest }: RekeyStep): boolean =>
  manifest?.references.some(({ name }) => name === failed || name.startsWith(`${failed}.`)) === true;

function needs(object: string, lost: string): QuackupError {
  return new QuackupError(
    'BACKUP_DAMAGED',
    `${object} needs ${lost}, which could not be changed; it was not touched`,
  );
}

function stopped(
  client: TargetClient,
  object: string,
  done: number,
  all: number,
  cause: Error,
): QuackupError {
  return new QuackupError(
    'TARGET_FAILED',
    `new recipients on ${client.name} (${client.target.displayName}): stopped at ${object}: ${cause.message}; ${done} of ${all} were done, the others are as they were`,
    { cause, hint: 'run it again: it goes on where this one stopped' },
  );
}

function report(
  { unchanged, plain, damaged }: RekeyPlan,
  { recipients, dryRun = false }: RekeyOptions,
  steps: readonly RekeyStep[],
  failed: RekeyReport['failed'],
  movedBytes: number,
): RekeyReport {
  const broken = damaged.map((object) => ({
    object,
    error: {
      code: 'BACKUP_DAMAGED',
      message: `the manifest of ${object} cannot be read; it was not touched`,
    },
  }));
  return {
    recipients: fingerprintsOf({ recipients }),
    rekeyed: steps.flatMap(({ manifest, added, removed }) =>
      manifest === undefined ? [] : [{ backup: manifest.name, added, removed }],
    ),
    archives: steps.flatMap(({ archive, manifest }) => (manifest === undefined ? [archive.name] : [])),
    unchanged,
    plain,
    failed: [...broken, ...failed],
    movedBytes,
    dryRun,
  };
}
