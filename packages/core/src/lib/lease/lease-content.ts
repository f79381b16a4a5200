/**
 * What a lease says, and how it is read by others:
 *
 *     leases/backup_20261122_020000.json         a backup; put if absent, so it reserves the name as well
 *     leases/backup_20261122_020000.<hex>.json   a backup on a target that has no put if absent
 *     leases/cleanup_<hex>.json                  a cleanup
 *
 * Anything else below `leases/` is no lease. The kind is told by the key, so also of a lease that cannot be read.
 */
import { randomBytes } from 'node:crypto';

import { type ObjectInfo, type ObjectKey, objectKey } from '@quackup/target-api';
import { z } from 'zod';

import { type Holder, holderSchema, isKnownDeadAnywhere } from '../process/holder.ts';

export const LEASES: string = 'leases/';
/** A lease is good for this long after its last renewal. */
export const TERM_MS: number = 10 * 60_000;
/** How far the clocks of two machines may be apart. */
export const SKEW_MS: number = 5 * 60_000;
/** A holder stops this long before its term is over: what it has begun by then may take its time. */
export const LAST_STEP_MS: number = 2 * 60_000;
export const MAX_LEASE_BYTES: number = 16_384;

const leaseSchema = holderSchema.extend({
  /** Of this lease alone: tells it from every other one, also of the same process. */
  id: z.string(),
  kind: z.enum(['backup', 'cleanup']),
  acquiredAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
});

export type LeaseContent = z.infer<typeof leaseSchema>;

export type LeaseKind = LeaseContent['kind'];

/** The kind of lease that a key is of, or undefined if it is of none. */
export function leaseKind(key: string): LeaseKind | undefined {
  const match = /^leases\/(backup|cleanup)_[^/]+\.json$/.exec(key);
  return match === null ? undefined : (match[1] as LeaseKind);
}

/** Eight random bytes in hex. */
export const randomId = (): string => randomBytes(8).toString('hex');

export const cleanupLeaseKey = (id: string): ObjectKey => objectKey(`${LEASES}cleanup_${id}.json`);

/** @param id Only for targets without put if absent: makes the key unique. */
export const backupLeaseKey = (name: string, id?: string): ObjectKey =>
  objectKey(`${LEASES}${name}${id === undefined ? '' : `.${id}`}.json`);

export function newLease(kind: LeaseKind, id: string, holder: Holder, now: Date): LeaseContent {
  return {
    id,
    kind,
    ...holder,
    acquiredAt: now.toISOString(),
    expiresAt: new Date(now.getTime() + TERM_MS).toISOString(),
  };
}

export const renewed = (lease: LeaseContent, now: Date): LeaseContent => ({
  ...lease,
  expiresAt: new Date(now.getTime() + TERM_MS).toISOString(),
});

/** Whether its holder must stop working by its own clock. */
export const isOver = (lease: LeaseContent, now: Date): boolean =>
  now.getTime() >= Date.parse(lease.expiresAt) - LAST_STEP_MS;

/** Whether somebody may still be working under a lease: not if its process is gone, or its term by any clock. */
export async function isLive(lease: LeaseContent, now: Date): Promise<boolean> {
  return now.getTime() <= Date.parse(lease.expiresAt) + SKEW_MS && !(await isKnownDeadAnywhere(lease));
}

/** A lease that cannot be read counts as one that is good until its term after the object's time. */
export function parseLease(text: string, { key, modifiedAt }: ObjectInfo): LeaseContent {
  const parsed = leaseSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const nobody = { place: 'unknown', pid: 0, processStart: 0 };
  return newLease(leaseKind(key) ?? 'cleanup', '', nobody, modifiedAt);
}

/** The id that a lease's text says, if it is a lease. */
export const leaseId = (text: string): string | undefined => leaseSchema.safeParse(parseJson(text)).data?.id;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
