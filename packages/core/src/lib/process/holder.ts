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

/** Whether a process is known to be over; one elsewhere never is. */
export async function isKnownDead(holder: Holder): Promise<boolean> {
  const own = await ownHolder();
  const [host] = own.place.split(' ');
  // The same host after another boot: nothing of before runs any more.
  if (holder.place !== own.place) {
    const [itsHost, itsBoot] = holder.place.split(' ');
    return itsHost === host && itsBoot !== '' && itsBoot !== own.place.split(' ')[1];
  }
  return !(await isProcessAlive(holder.pid, holder.processStart));
}
