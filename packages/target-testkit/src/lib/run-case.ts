import { randomBytes } from 'node:crypto';

import { type ObjectKey, objectKey, type StorageTarget } from '@quackup/target-api';

import { ConformanceFailure, outcomeOf } from './check.ts';
import type { ConformanceCase, Feature } from './conformance-case.ts';
import { type ConformanceSetup, DEFAULT_TIMEOUT_MS } from './conformance-setup.ts';
import { forEachConcurrently } from './reading.ts';

/** What became of a case. */
export type CaseResult = { readonly id: string; readonly durationMs: number } & (
  | { readonly status: 'passed' }
  | { readonly status: 'failed'; readonly error: unknown }
  | { readonly status: 'known-failure'; readonly reason: string; readonly error: unknown }
  | { readonly status: 'not-applicable'; readonly reason: string }
);

// A limit up to this size is exceeded for real; a larger one only by the declared size.
const SMALL_LIMIT = 16 * 1024 * 1024;

/**
 * Runs one case: opens the target, runs the case within its time limit, removes what it stored and closes every
 * connection. Never rejects: what goes wrong is in the result.
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
    const large = setup.large ?? false;
    const reason = whyNotApplicable(testCase, target, large);
    if (reason !== undefined) return { status: 'not-applicable', reason };
    const prefix = `${setup.keyPrefix ?? ''}${testCase.id}-${randomBytes(4).toString('hex')}/`;
    const key = (name: string): ObjectKey => {
      const made = objectKey(prefix + name);
      keys.add(made);
      return made;
    };
    const run = await outcomeOf(
      within(limitMs, testCase.id, testCase.run({ target, prefix, large, reopen, key })),
    );
    // The case may have closed its own connection, so another one cleans up.
    const cleanUp = async (): Promise<void> => remove(await reopen(), [...keys]);
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

function remove(target: StorageTarget, keys: readonly ObjectKey[]): Promise<void> {
  return forEachConcurrently(keys, 16, (key) => target.delete(key));
}

function whyNotApplicable(
  testCase: ConformanceCase,
  target: StorageTarget,
  large: boolean,
): string | undefined {
  if (testCase.requires !== undefined && !hasFeature(testCase.requires, target, large)) {
    return testCase.requires === 'large' ? 'only in large runs' : `the target has no ${testCase.requires}`;
  }
  if (testCase.unless !== undefined && hasFeature(testCase.unless, target, large)) {
    return `the target has ${testCase.unless}`;
  }
  return undefined;
}

function hasFeature(feature: Feature, target: StorageTarget, large: boolean): boolean {
  const { putIfAbsent, putIfMatch, maxObjectSize } = target.capabilities;
  const features: Readonly<Record<Feature, boolean>> = {
    putIfAbsent,
    putIfMatch,
    maxObjectSize: maxObjectSize !== undefined,
    'small-limit': maxObjectSize !== undefined && maxObjectSize <= SMALL_LIMIT,
    deleteMany: target.deleteMany !== undefined,
    large,
  };
  return features[feature];
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
