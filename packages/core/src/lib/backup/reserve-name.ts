import { randomInt } from 'node:crypto';

import { isTargetError } from '@quackup/target-api';

import type { Clock, NamedTarget } from '../api.ts';
import { QuackupError } from '../errors.ts';
import { failureReport } from '../failure-report.ts';
import { backupName } from '../format/backup-name.ts';
import { acquireBackupLease, type Lease } from '../lease/lease.ts';
import { TargetClient } from '../target/target-client.ts';

/** More backups than this within one second do not happen; something else is wrong. */
const MAX_ORDINAL = 10_000;
/** Numbers of backups on targets that can only be written are below this; the format has room for six digits. */
const BLIND_ORDINALS = 1_000_000;

/** A backup's name, held by a lease on each target, and which targets still work. */
export interface Reservation extends AsyncDisposable {
  readonly name: string;
  readonly failed: ReadonlyMap<string, unknown>;
  /** The targets that have not failed and whose lease is still held. */
  live(): readonly TargetClient[];
  /** What the name is held by on a target that has not failed. */
  leaseOf(target: string): Lease;
  fail(target: string, error: unknown): void;
  /** @throws TARGET_FAILED if no target is left; the error of the only one, if it is one of ours. */
  checkAlive(): void;
}

/**
 * Finds a name that is free on every target that can be reached, and reserves it there.
 *
 * @throws as `checkAlive`, LEASE_HELD among them.
 */
export async function reserveName(
  targets: readonly NamedTarget[],
  createdAt: Date,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal | undefined },
): Promise<Reservation> {
  const failed = new Map<string, unknown>();
  const clients = targets.map((target) => new TargetClient(target, { signal }));
  const fail = (target: string, error: unknown): void => {
    if (!failed.has(target)) failed.set(target, asTargetFailure(error));
  };
  const working = (): TargetClient[] => clients.filter(({ name }) => !failed.has(name));
  const checkAlive = (): void => {
    signal?.throwIfAborted();
    if (working().length === 0) throw allFailed(failed);
  };
  // Where nobody can look whether a name is free, a random one is.
  const isBlind = targets.some(({ access }) => access === 'write-only');
  for (let ordinal = 1; ordinal <= MAX_ORDINAL; ordinal += 1) {
    const name = backupName(createdAt, isBlind ? randomInt(MAX_ORDINAL, BLIND_ORDINALS) : ordinal);
    const leases = await tryName(name, working(), fail, clock);
    try {
      checkAlive();
    } catch (error) {
      await release(leases);
      throw error;
    }
    if (leases === undefined) continue;
    return {
      name,
      failed,
      live: () => {
        for (const [client, lease] of leases) {
          try {
            lease.throwIfLost();
          } catch (error) {
            fail(client, error);
          }
        }
        return working();
      },
      leaseOf: (target) => {
        const lease = leases.get(target);
        if (lease === undefined) throw new QuackupError('INTERNAL', `there is no lease on ${target}`);
        return lease;
      },
      fail,
      checkAlive,
      [Symbol.asyncDispose]: async () => release(leases),
    };
  }
  throw new QuackupError('INTERNAL', `no free name for a backup of ${createdAt.toISOString()}`);
}

/** Leases by target, or undefined if the name is taken on one of them. */
async function tryName(
  name: string,
  clients: readonly TargetClient[],
  fail: (target: string, error: unknown) => void,
  clock: Clock,
): Promise<ReadonlyMap<string, Lease> | undefined> {
  const leases = new Map<string, Lease>();
  let taken = false;
  await Promise.all(
    clients.map(async (client) => {
      try {
        const lease = await acquireBackupLease(client, name, clock);
        if (lease === undefined) {
          taken = true;
          return;
        }
        leases.set(client.name, lease);
        if (client.access === 'write-only') return;
        // Looked at under the lease: whoever had the name before may just have finished.
        if (await isTaken(client, name)) taken = true;
      } catch (error) {
        fail(client.name, error);
      }
    }),
  );
  if (!taken) return leases;
  await release(leases);
  return undefined;
}

/** Whether an object of a backup of this name is there, complete or not. */
async function isTaken(client: TargetClient, name: string): Promise<boolean> {
  for await (const _ of client.list(`${name}.`)) return true;
  return false;
}

async function release(leases: ReadonlyMap<string, Lease> | undefined): Promise<void> {
  await Promise.all([...(leases?.values() ?? [])].map((lease) => lease[Symbol.asyncDispose]()));
}

/** What a target throws against the contract is its failure all the same. */
function asTargetFailure(error: unknown): Error {
  if (error instanceof QuackupError || isTargetError(error)) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new QuackupError('TARGET_FAILED', text, { cause: error });
}

function allFailed(failed: ReadonlyMap<string, unknown>): Error {
  const errors = [...failed.values()];
  const [only] = errors;
  if (errors.every((error) => error instanceof QuackupError && error.code === 'LEASE_HELD'))
    return only as QuackupError;
  const details = [...failed].map(([name, error]) => `${name}: ${failureReport(error).message}`).join('; ');
  return new QuackupError('TARGET_FAILED', `no backup was made: no target could be written (${details})`, {
    cause: only,
    hint: failureReport(only).hint ?? 'run quackup target check',
  });
}
