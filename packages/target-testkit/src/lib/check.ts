import { isTargetError, type TargetError, type TargetErrorCode } from '@quackup/target-api';

/** A target did not do what the contract says. The message says what was expected and what came. */
export class ConformanceFailure extends Error {
  override readonly name = 'ConformanceFailure';
}

/** @throws ConformanceFailure with `message` if `condition` is false. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new ConformanceFailure(message);
}

/** Compares plain values, and arrays and records of them. */
export function checkEqual(actual: unknown, expected: unknown, what: string): void {
  const [left, right] = [describe(actual), describe(expected)];
  check(left === right, `${what}: expected ${right}, got ${left}`);
}

/** Compares contents; the message names the first byte that differs, never the contents. */
export function checkBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  check(
    actual.length === expected.length,
    `${what}: expected ${expected.length} bytes, got ${actual.length}`,
  );
  if (Buffer.compare(actual, expected) === 0) return;
  const offset = actual.findIndex((byte, index) => byte !== expected[index]);
  throw new ConformanceFailure(`${what}: byte ${offset} of ${expected.length} is not what was stored`);
}

/** Expects a rejection with a `TargetError` of this code. */
export async function checkRejects(
  promise: Promise<unknown>,
  code: TargetErrorCode,
  what: string,
): Promise<TargetError> {
  const outcome = await outcomeOf(promise);
  check(!outcome.ok, `${what}: expected a rejection with ${code}, but it resolved`);
  const { error } = outcome;
  if (!isTargetError(error)) {
    throw new ConformanceFailure(`${what}: expected a TargetError with ${code}, got ${describe(error)}`, {
      cause: error,
    });
  }
  if (error.code === code) return error;
  throw new ConformanceFailure(`${what}: expected ${code}, got ${error.code} (${error.message})`, {
    cause: error,
  });
}

/** Expects a rejection with `reason` itself, not a copy and not wrapped. */
export async function checkRejectsWith(
  promise: Promise<unknown>,
  reason: unknown,
  what: string,
): Promise<void> {
  const outcome = await outcomeOf(promise);
  check(!outcome.ok, `${what}: expected a rejection, but it resolved`);
  if (outcome.error === reason) return;
  throw new ConformanceFailure(
    `${what}: expected the very value ${describe(reason)}, got ${describe(outcome.error)}`,
    {
      cause: outcome.error,
    },
  );
}

/** What became of a promise. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown };

/** Waits for a promise without rejecting. */
export function outcomeOf<T>(promise: Promise<T>): Promise<Outcome<T>> {
  return promise.then(
    (value): Outcome<T> => ({ ok: true, value }),
    (error: unknown): Outcome<T> => ({ ok: false, error }),
  );
}

function describe(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  return JSON.stringify(value) ?? String(value);
}
