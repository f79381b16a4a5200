import { readlink } from 'node:fs/promises';
import { hostname } from 'node:os';

import { z } from 'zod';

import { bootId, isProcessAlive, ownProcessStart } from './process-identity.ts';

/** A process, described so that another one can tell whether it still runs. */
export const holderSchema = z.object({
  /** Host, boot and process namespace. Only within the same place can it be known whether a process is alive. */
  place: z.string(),
  pid: z.int(),
  processStart: z.number(),
});

export type Holder = z.infer<typeof holderSchema>;

/** Describes this process. */
export async function ownHolder(): Promise<Holder> {
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return {
    place: [hostname(), await bootId(), namespace].join(' '),
    pid: process.pid,
    processStart: await ownProcessStart(),
  };
}

/**
 * Whether a process is known to be over; one elsewhere never is. What it left is taken to be of a machine with this name,
 * as on a disk of its own: after another boot nothing of before runs any more.
 */
export async function isKnownDead(holder: Holder): Promise<boolean> {
  const own = await ownHolder();
  if (holder.place === own.place) return !(await isProcessAlive(holder.pid, holder.processStart));
  const [host, boot] = own.place.split(' ');
  const [itsHost, itsBoot] = holder.place.split(' ');
  return itsHost === host && itsBoot !== undefined && itsBoot !== '' && itsBoot !== boot;
}

/**
 * As {@link isKnownDead}, for what any machine may have left. Machines share names (`localhost`, a container's), so
 * only one with the same boot counts as this one, and none where the system does not tell its boot.
 */
export async function isKnownDeadAnywhere(holder: Holder): Promise<boolean> {
  const { place } = await ownHolder();
  if (holder.place !== place || (await bootId()) === '') return false;
  return !(await isProcessAlive(holder.pid, holder.processStart));
}
