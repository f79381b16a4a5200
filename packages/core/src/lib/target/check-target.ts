import { randomBytes } from 'node:crypto';

import { isTargetError, objectKey } from '@quackup/target-api';

import type { Clock, NamedTarget, TargetCheckReport } from '../api.ts';
import { systemClock } from '../clock.ts';
import { failureReport } from '../failure-report.ts';
import { findUnfinished, type UnfinishedUploads } from './find-unfinished.ts';
import { TargetClient } from './target-client.ts';

/**
 * Looks for unfinished uploads, before anything is written: a target may remove old ones then. Then tries the target with a
 * probe object under `leases/`: writes, reads, lists and deletes it, and sees whether the target keeps what its
 * capabilities promise. Nothing else is touched. The probe is removed if it may be: where nothing may be deleted it stays,
 * and where nothing may be read it is only written.
 */
export async function checkTarget(
  target: NamedTarget,
  { signal, clock = systemClock }: { readonly signal?: AbortSignal; readonly clock?: Clock } = {},
): Promise<TargetCheckReport> {
  const client = new TargetClient(target, { signal });
  const { access } = client;
  const { capabilities, displayName } = target.target;
  const key = objectKey(`leases/probe_${randomBytes(8).toString('hex')}`);
  const text = randomBytes(1024).toString('hex');
  const steps: { step: string; ok: boolean; message?: string }[] = [];
  const attempt = async (step: string, work: () => Promise<string | undefined>): Promise<boolean> => {
    signal?.throwIfAborted();
    try {
      const message = await work();
      steps.push(message === undefined ? { step, ok: true } : { step, ok: false, message });
      return message === undefined;
    } catch (error) {
      signal?.throwIfAborted();
      const { code, message, hint } = failureReport(error);
      steps.push({
        step,
        ok: false,
        message: `${code}: ${message}${hint === undefined ? '' : ` (try: ${hint})`}`,
      });
      return false;
    }
  };
  let unfinished: UnfinishedUploads | undefined;
  await attempt('look for unfinished uploads', async () => {
    unfinished = await findUnfinished(target, clock.now(), signal);
    return undefined;
  });
  // Needed for nothing else: not being allowed to look, or a service that cannot, is no reason to use another target.
  const [looked] = steps.splice(0);
  if (looked !== undefined && !looked.ok) steps.push({ ...looked, ok: true });
  const written = await attempt('write', async () => {
    await client.putText(key, text);
    return undefined;
  });
  if (written && access !== 'write-only') {
    await attempt('read', async () =>
      (await client.readText(key, 4096)) === text ? undefined : 'the object reads back differently',
    );
    await attempt('read a range', async () =>
      (await client.readRange(key, 100, 200)).toString() === text.slice(100, 300)
        ? undefined
        : 'the range reads back differently',
    );
    await attempt('list', async () => {
      for await (const info of client.list('leases/probe_')) if (info.key === key) return undefined;
      return 'the object does not show in the list';
    });
    if (capabilities.putIfAbsent) {
      await attempt('put if absent', async () => {
        try {
          await client.putText(key, 'second', { condition: { type: 'if-absent' } });
        } catch (error) {
          if (isTargetError(error) && error.code === 'PRECONDITION_FAILED') return undefined;
          throw error;
        }
        return 'an object that was there was replaced';
      });
    }
  }
  if (written && access === 'full') {
    const deleted = await attempt('delete', async () => {
      await client.delete(key);
      return (await client.stat(key)) === undefined ? undefined : 'the object is still there';
    });
    if (!deleted) await client.delete(key).catch(() => {});
  }
  return {
    target: target.name,
    displayName,
    access,
    ok: steps.every(({ ok }) => ok),
    steps,
    unfinishedUploads:
      unfinished === undefined
        ? null
        : {
            count: unfinished.count,
            old: unfinished.old.map(({ key, initiatedAt }) => ({
              key,
              initiatedAt: initiatedAt.toISOString(),
            })),
          },
    capabilities: {
      putIfAbsent: capabilities.putIfAbsent,
      putIfMatch: capabilities.putIfMatch,
      maxObjectSize: capabilities.maxObjectSize ?? null,
    },
  };
}
