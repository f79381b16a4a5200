import { randomBytes } from 'node:crypto';

import type { ObjectKey, StorageTarget } from '@quackup/target-api';
import type { CaseResult } from '@quackup/target-testkit';

import { type ConformanceSummary, groupOf, summarize } from './summarize.ts';

// A case makes some hundred requests at most; the bucket may be far away.
const CASE_TIMEOUT_MS = 60_000;

export interface ProbeOptions {
  /** Opens a connection to the target; called for each case. */
  readonly open: () => Promise<StorageTarget>;
  /** Texts that nothing may show. */
  readonly secrets: readonly string[];
  readonly signal: AbortSignal;
  /** Hears when the first case of a group begins. */
  readonly onGroup: (group: string, cases: number) => void;
}

/**
 * Runs the conformance cases that are safe beside other objects. Everything that they store lies under a prefix that nobody else
 * has, `probe_<16 hex digits>/`, and is removed, also if the run is ended by the signal.
 *
 * @throws the signal's reason, when the place is clean again.
 */
export async function probeConformance({
  open,
  secrets,
  signal,
  onGroup,
}: ProbeOptions): Promise<ConformanceSummary> {
  // The kit is not needed for anything else, so it is not loaded for anything else.
  const { conformanceCases, runConformance } = await import('@quackup/target-testkit');
  const safe = conformanceCases.filter((each) => each.safe);
  const keyPrefix = `probe_${randomBytes(8).toString('hex')}/`;
  const setup = { open, keyPrefix, secrets, signal, timeoutMs: CASE_TIMEOUT_MS };
  const results: CaseResult[] = [];
  const begin = (id: string | undefined, last?: string): void => {
    if (id === undefined || (last !== undefined && groupOf(last) === groupOf(id))) return;
    onGroup(groupOf(id), safe.filter((each) => groupOf(each.id) === groupOf(id)).length);
  };
  let left: readonly string[] = [];
  try {
    begin(safe[0]?.id);
    for await (const result of runConformance(setup, { safeOnly: true })) {
      results.push(result);
      begin(safe[results.length]?.id, result.id);
    }
  } finally {
    left = await removeAll(await open(), keyPrefix);
  }
  return summarize(results, safe, left);
}

/** Removes what lies under the prefix; names what is still there after that. */
async function removeAll(target: StorageTarget, prefix: string): Promise<readonly string[]> {
  try {
    for (const key of await keysBelow(target, prefix)) {
      // Whether it is gone is seen below; one that cannot be removed must not keep the others.
      await target.delete(key).catch(() => {});
    }
    return await keysBelow(target, prefix);
  } finally {
    await target.close();
  }
}

async function keysBelow(target: StorageTarget, prefix: string): Promise<readonly ObjectKey[]> {
  const keys: ObjectKey[] = [];
  // A list that is broken must not lead to anybody else's objects.
  for await (const { key } of target.list({ prefix })) if (key.startsWith(prefix)) keys.push(key);
  return keys;
}
