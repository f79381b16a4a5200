import type { UnfinishedUpload } from '@quackup/target-api';

import type { NamedTarget } from '../api.ts';
import { withDefaults } from './default-limits.ts';
import { StallWatch } from './stall-watch.ts';

/** An upload that goes on sends something within a day, whatever the line; clocks that differ are covered by that too. */
const OLD_MS = 24 * 3_600_000;

/** Uploads that were begun on a target and not finished. */
export interface UnfinishedUploads {
  /** All of them, those that are under way right now among them. */
  readonly count: number;
  /** Those that were begun more than a day ago, the oldest first. */
  readonly old: readonly UnfinishedUpload[];
}

/** Looks for unfinished uploads; undefined if the target's backend has none to look for. */
export async function findUnfinished(
  { target, limits, secrets = [] }: NamedTarget,
  now: Date,
  signal: AbortSignal | undefined,
): Promise<UnfinishedUploads | undefined> {
  const { stallMs, requestMs } = withDefaults(limits);
  using watch = new StallWatch(`${target.displayName}: list unfinished uploads`, {
    stallMs,
    signal,
    secrets,
  });
  const uploads = target.unfinishedUploads?.({ signal: watch.signal })[Symbol.asyncIterator]();
  if (uploads === undefined) return undefined;
  const old: UnfinishedUpload[] = [];
  let count = 0;
  for (;;) {
    const next = await watch.over(() => uploads.next(), requestMs);
    if (next.done === true) break;
    const { key, initiatedAt } = next.value;
    count += 1;
    if (now.getTime() - initiatedAt.getTime() > OLD_MS) old.push({ key, initiatedAt });
  }
  return { count, old: old.toSorted((a, b) => a.initiatedAt.getTime() - b.initiatedAt.getTime()) };
}
