/**
 * Who is working on a target: an object under `leases/` for each run.
 *
 *     leases/backup_20261122_020000.json       a backup; put if absent, so it reserves the name as well
 *     leases/cleanup_<16 hex digits>.json      a cleanup
 *
 * Backups may run side by side. A cleanup runs alone: it might remove an archive that a running backup refers to. Both
 * first announce themselves and then look who else is there; since a target shows what was put to everyone at once, of
 * two that may not run together at least one sees the other and steps back. No atomic operation of the target is needed.
 *
 * A lease is dead when it has not been renewed for long enough, or when its process is known to be gone.
 */
import { randomBytes } from 'node:crypto';

import { type ObjectKey, objectKey, isTargetError } from '@quackup/target-api';
import { z } from 'zod';

import type { Clock } from '../api.ts';
import { QuackupError } from '../errors.ts';
import { holderSchema, isKnownDead, ownHolder } from '../process/holder.ts';
import type { TargetClient } from '../target/target-client.ts';

const PREFIX = 'leases/';
const RENEW_MS = 60_000;
/** A lease is good for this long after its last renewal. */
const TERM_MS = 10 * 60_000;
/** How far the clocks of two machines may be apart. */
const SKEW_MS = 5 * 60_000;
const MAX_LEASE_BYTES = 16_384;

const leaseSchema = holderSchema.extend({
  kind: z.enum(['backup', 'cleanup']),
  acquiredAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
});

type LeaseContent = z.infer<typeof leaseSchema>;

export type LeaseKind = LeaseContent['kind'];

/** A held lease: renewed until it is disposed of. */
export interface Lease extends AsyncDisposable {
  /** Aborted with LEASE_LOST if the lease could not be renewed in time; work under it must stop. */
  readonly signal: AbortSignal;
}

/** Whether somebody may still be working under this lease. */
async function isLive(lease: LeaseContent, now: Date): Promise<boolean> {
  return now.getTime() <= Date.parse(lease.expiresAt) + SKEW_MS && !(await isKnownDead(lease));
}

/**
 * Reserves `name` for a backup.
 *
 * @returns undefined if the name is reserved already, by a live run or a dead one.
 * @throws LEASE_HELD if a cleanup is running.
 */
export async function acquireBackupLease(
  client: TargetClient,
  name: string,
  clock: Clock,
): Promise<Lease | undefined> {
  const key = objectKey(`${PREFIX}${name}.json`);
  if (!client.target.capabilities.putIfAbsent && (await client.stat(key)) !== undefined) return undefined;
  const lease = await HeldLease.put(client, key, 'backup', clock);
  if (lease === undefined) return undefined;
  return stepBackFrom(client, lease, key, 'backup', clock);
}

/**
 * @throws LEASE_HELD if a backup or another cleanup is running.
 */
export async function acquireCleanupLease(client: TargetClient, clock: Clock): Promise<Lease> {
  const key = objectKey(`${PREFIX}cleanup_${randomBytes(8).toString('hex')}.json`);
  const lease = await HeldLease.put(client, key, 'cleanup', clock);
  if (lease === undefined) throw new QuackupError('INTERNAL', `${key} exists already`);
  return stepBackFrom(client, lease, key, 'cleanup', clock);
}

async function stepBackFrom(
  client: TargetClient,
  lease: HeldLease,
  own: ObjectKey,
  kind: LeaseKind,
  clock: Clock,
): Promise<Lease> {
  try {
    for (const other of await liveLeases(client, own, clock)) {
      if (kind === 'backup' && other.kind === 'backup') continue;
      throw new QuackupError(
        'LEASE_HELD',
        `a ${other.kind} is running on ${client.target.displayName} since ${other.acquiredAt} (process ${other.pid} on ${other.place.split(' ')[0]})`,
        { hint: 'wait until it is done; a run that was killed on another machine counts for 15 minutes' },
      );
    }
    return lease;
  } catch (error) {
    await lease[Symbol.asyncDispose]();
    throw error;
  }
}

/** The live leases but for `own`. Removes those of runs that are known to be over. */
async function liveLeases(client: TargetClient, own: ObjectKey, clock: Clock): Promise<LeaseContent[]> {
  const live: LeaseContent[] = [];
  for await (const { key, modifiedAt } of client.list(PREFIX)) {
    if (key === own) continue;
    const text = await client.readText(key, MAX_LEASE_BYTES);
    if (text === undefined) continue;
    const content = parseLease(text, modifiedAt);
    if (await isLive(content, clock.now())) live.push(content);
    else await client.delete(key);
  }
  return live;
}

/** A lease that cannot be read counts as one of unknown kind that is good until its term after the object's time. */
function parseLease(text: string, modifiedAt: Date): LeaseContent {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const parsed = leaseSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  return {
    kind: 'cleanup',
    place: 'unknown',
    pid: 0,
    processStart: 0,
    acquiredAt: modifiedAt.toISOString(),
    expiresAt: new Date(modifiedAt.getTime() + TERM_MS).toISOString(),
  };
}

class HeldLease implements Lease {
  readonly #client: TargetClient;
  readonly #key: ObjectKey;
  readonly #clock: Clock;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #content: LeaseContent;
  #renewing: Promise<void> = Promise.resolve();

  private constructor(client: TargetClient, key: ObjectKey, content: LeaseContent, clock: Clock) {
    this.#client = client;
    this.#key = key;
    this.#content = content;
    this.#clock = clock;
    this.#timer = setInterval(() => {
      this.#renewing = this.#renew();
    }, RENEW_MS);
    this.#timer.unref();
  }

  static async put(
    client: TargetClient,
    key: ObjectKey,
    kind: LeaseKind,
    clock: Clock,
  ): Promise<HeldLease | undefined> {
    const now = clock.now();
    const content: LeaseContent = {
      kind,
      ...(await ownHolder()),
      acquiredAt: now.toISOString(),
      expiresAt: new Date(now.getTime() + TERM_MS).toISOString(),
    };
    try {
      await client.putText(
        key,
        JSON.stringify(content),
        client.target.capabilities.putIfAbsent ? { condition: { type: 'if-absent' } } : {},
      );
    } catch (error) {
      if (isTargetError(error) && error.code === 'PRECONDITION_FAILED') return undefined;
      throw error;
    }
    return new HeldLease(client, key, content, clock);
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  async #renew(): Promise<void> {
    const now = this.#clock.now();
    const content = { ...this.#content, expiresAt: new Date(now.getTime() + TERM_MS).toISOString() };
    try {
      await this.#client.putText(this.#key, JSON.stringify(content));
      this.#content = content;
    } catch (error) {
      if (now.getTime() < Date.parse(this.#content.expiresAt)) return; // the next renewal may still be in time
      this.#lost.abort(
        new QuackupError(
          'LEASE_LOST',
          `the lease ${this.#key} on ${this.#client.target.displayName} ran out`,
          {
            cause: error,
            hint: 'check that the target can be written, then run the command again',
          },
        ),
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing;
    // A lease that cannot be removed runs out by itself: no reason for a good backup to fail.
    await this.#client.delete(this.#key).catch(() => {});
  }
}
