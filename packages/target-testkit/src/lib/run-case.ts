import { randomBytes } from 'node:crypto';

import { isObjectKey, type ObjectKey, objectKey, type StorageTarget } from '@quackup/target-api';

import { ConformanceFailure, outcomeOf } from './check.ts';
import type { ConformanceCase, ConformanceContext } from './conformance-case.ts';
import { type ConformanceSetup, DEFAULT_TIMEOUT_MS } from './conformance-setup.ts';
import { secretsOf, whyNotApplicable } from './features.ts';
import { forEachConcurrently, listKeys } from './reading.ts';

/** What became of a case. */
export type CaseResult = { readonly id: string; readonly durationMs: number } & (
  | { readonly status: 'passed' }
  | { readonly status: 'failed'; readonly error: unknown }
  | { readonly status: 'known-failure'; readonly reason: string; readonly error: unknown }
  | { readonly status: 'not-applicable'; readonly reason: string }
);

/**
 * Runs one case: opens the target, runs the case within its time limit, removes what it stored and closes every
 * connection. Never rejects: what goes wrong is in the result, the reason of an abort too.
 */
export async function runCase(testCase: ConformanceCase, setup: ConformanceSetup): Promise<CaseResult> {
  const start = performance.now();
  const knownFailure = setup.knownFailures?.[testCase.id];
  const outcome = await attempt(testCase, setup);
  const base = { id: testCase.id, durationMs: performance.now() - start };
  if (outcome.status === 'failed') {
    return knownFailure === undefined
      ? { ...base, ...outcome }
      : { ...base, status: 'known-failure', reason: knownFailure, error: outcome.error };
  }
  if (knownFailure === undefined) return { ...base, ...outcome };
  const what = outcome.status === 'passed' ? 'passes' : 'does not apply';
  const error = new ConformanceFailure(
    `${testCase.id} ${what} although it is a known failure: remove it from the list`,
  );
  return { ...base, status: 'failed', error };
}

type Attempt =
  | { readonly status: 'passed' }
  | { readonly status: 'failed'; readonly error: unknown }
  | { readonly status: 'not-applicable'; readonly reason: string };

async function attempt(testCase: ConformanceCase, setup: ConformanceSetup): Promise<Attempt> {
  const limitMs = (setup.timeoutMs ?? DEFAULT_TIMEOUT_MS) * (testCase.slow ?? 1);
  const opened: StorageTarget[] = [];
  const keys = new Set<ObjectKey>();
  const reopen = async (): Promise<StorageTarget> => {
    const target = await (setup.reopen ?? setup.open)();
    opened.push(target);
    return target;
  };
  try {
    const target = await within(limitMs, 'open', setup.open());
    opened.push(target);
    const reason = whyNotApplicable(testCase, target, setup);
    if (reason !== undefined) return { status: 'not-applicable', reason };
    const prefix = `${setup.keyPrefix ?? ''}${testCase.id}-${randomBytes(4).toString('hex')}/`;
    const key = (name: string): ObjectKey => {
      const made = objectKey(prefix + name);
      keys.add(made);
      return made;
    };
    const context: ConformanceContext = {
      target,
      prefix,
      large: setup.large ?? false,
      secrets: secretsOf(setup),
      foreign: setup.foreign,
      definition: setup.definition?.(),
      seed: setup.seed ?? 1,
      reopen,
      key,
    };
    const running = within(limitMs, testCase.id, testCase.run(context));
    const run = await outcomeOf(orAborted(running, setup.signal));
    // The case may have closed its own connection, so another one cleans up.
    const cleanUp = async (): Promise<void> => removeAll(await reopen(), [...keys], prefix);
    const cleaned = await outcomeOf(within(limitMs, 'removing what the case stored', cleanUp()));
    if (!run.ok) return { status: 'failed', error: run.error };
    if (!cleaned.ok) return { status: 'failed', error: cleaned.error };
    return { status: 'passed' };
  } catch (error) {
    return { status: 'failed', error };
  } finally {
    await Promise.allSettled(opened.map((target) => within(limitMs, 'close', target.close())));
  }
}

/** Removes what the case stored, and what the target may have made of it: everything else under the prefix. */
async function removeAll(target: StorageTarget, keys: readonly ObjectKey[], prefix: string): Promise<void> {
  await forEachConcurrently(keys, 16, (key) => target.delete(key));
  // What is wrong with lists is for the cases about lists to say.
  const left = await outcomeOf(listKeys(target, { prefix }));
  const others = left.ok ? left.value.filter((key) => key.startsWith(prefix) && isObjectKey(key)) : [];
  await forEachConcurrently(others, 16, (key) => target.delete(objectKey(key)));
}

/** @throws ConformanceFailure if the promise does not settle in time; it is then left to itself. */
async function within<T>(limitMs: number, what: string, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new ConformanceFailure(`${what} did not finish within ${limitMs} ms`));
  }, limitMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function orAborted(running: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return running;
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  try {
    await Promise.race([running, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
