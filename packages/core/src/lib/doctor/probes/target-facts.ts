import { randomBytes } from 'node:crypto';

import { objectKey, type ObjectInfo } from '@quackup/target-api';

import type {
  BackupSummary,
  Clock,
  FailureReport,
  NamedTarget,
  TargetAccess,
  TargetCheckReport,
} from '../../api.ts';
import { planCleanup } from '../../cleanup/cleanup-backups.ts';
import { failureReport } from '../../failure-report.ts';
import { isLive, leaseKind, LEASES, type LeaseContent, parseLease } from '../../lease/lease-content.ts';
import { readContent, readBackups } from '../../list/list-backups.ts';
import { checkTarget } from '../../target/check-target.ts';
import { TargetClient } from '../../target/target-client.ts';
import { MAX_LEASE_BYTES } from '../../lease/lease-content.ts';

/** How long a target may stand still: somebody waits for the answer. */
const STALL_MS = 20_000;

/** What the file system tells of a target that is a folder. */
export interface FolderFacts {
  readonly path: string;
  readonly freeBytes: number;
  /** Unfinished writes that are too old to be going on. */
  readonly unfinished: { readonly count: number; readonly bytes: number };
}

/** A target of the configuration, open or not. */
export interface DoctorTarget {
  readonly name: string;
  readonly opened: NamedTarget | { readonly error: unknown };
  /** Of a target that is a folder. */
  readonly folder?: FolderFacts;
}

export interface TargetFacts {
  readonly name: string;
  readonly access: TargetAccess;
  /** Undefined for one that is append-only: what is put there to try it would stay for ever. */
  readonly probe: TargetCheckReport | { readonly error: FailureReport } | undefined;
  /** How far its clock is ahead of ours, beyond what the probe itself took; undefined if it was not told. */
  readonly clockAheadMs: number | undefined;
  /** Undefined for one that is write-only: nobody here may look. */
  readonly content: TargetContentFacts | { readonly error: FailureReport } | undefined;
  readonly folder: FolderFacts | undefined;
}

export interface TargetContentFacts {
  /** Newest first. */
  readonly backups: readonly BackupSummary[];
  readonly leftovers: readonly string[];
  readonly leases: readonly {
    readonly key: string;
    readonly live: boolean;
    readonly content?: LeaseContent;
  }[];
}

export async function probeTarget(
  { name, opened, folder }: DoctorTarget,
  { clock, signal }: { readonly clock: Clock; readonly signal?: AbortSignal | undefined },
): Promise<TargetFacts> {
  if ('error' in opened) {
    const error = failureReport(opened.error);
    return { name, access: 'full', probe: { error }, clockAheadMs: undefined, content: { error }, folder };
  }
  const { limits = {}, access = 'full' } = opened;
  const hasty: NamedTarget = {
    ...opened,
    limits: { ...limits, attempts: 2, stallMs: Math.min(limits.stallMs ?? STALL_MS, STALL_MS) },
  };
  const client = new TargetClient(hasty, { signal });
  const probe =
    access === 'append-only' ? undefined : await checkTarget(hasty, signal === undefined ? {} : { signal });
  const written = probe?.steps.some(({ step, ok }) => step === 'write' && ok) === true;
  const orError = async <Facts>(work: () => Promise<Facts>): Promise<Facts | { error: FailureReport }> => {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      return { error: failureReport(error) };
    }
  };
  // Where nothing may be deleted the probe would stay, and where nothing may be read it tells nothing.
  const ahead = written && access === 'full' ? await orError(() => compareClocks(client, clock)) : undefined;
  return {
    name,
    access,
    probe,
    clockAheadMs: typeof ahead === 'number' ? ahead : undefined,
    content: access === 'write-only' ? undefined : await orError(() => readFacts(client, clock)),
    folder,
  };
}

/** By the time that the target gives an object. Many give whole seconds. */
async function compareClocks(client: TargetClient, clock: Clock): Promise<number> {
  const key = objectKey(`${LEASES}probe_${randomBytes(8).toString('hex')}`);
  const beforeMs = clock.now().getTime();
  try {
    await client.putText(key, 'what time is it?');
    const afterMs = clock.now().getTime();
    const theirsMs = (await client.stat(key))?.modifiedAt.getTime() ?? beforeMs;
    if (theirsMs > afterMs) return theirsMs - afterMs;
    return Math.min(0, theirsMs - Math.floor(beforeMs / 1000) * 1000);
  } finally {
    // What cannot be deleted is told by the probe's own check.
    await client.delete(key).catch(() => {});
  }
}

async function readFacts(client: TargetClient, clock: Clock): Promise<TargetContentFacts> {
  const content = await readContent(client);
  const backups = await readBackups(client, content);
  const keepAll = backups.map(({ summary }) => ({ name: summary.name, keep: true, reasons: [] }));
  const leases: TargetContentFacts['leases'][number][] = [];
  for await (const info of client.list(LEASES)) leases.push(await readLease(client, info, clock));
  return {
    backups: backups.map(({ summary }) => summary),
    leftovers: planCleanup(backups, content, keepAll, clock.now()).leftovers,
    leases,
  };
}

/** Also what is no lease, such as a probe that was left: nobody works under it. */
async function readLease(
  client: TargetClient,
  info: ObjectInfo,
  clock: Clock,
): Promise<TargetContentFacts['leases'][number]> {
  if (leaseKind(info.key) === undefined) return { key: info.key, live: false };
  const text = (await client.readText(info.key, MAX_LEASE_BYTES)) ?? '';
  const content = parseLease(text, info);
  return { key: info.key, live: await isLive(content, clock.now()), content };
}
