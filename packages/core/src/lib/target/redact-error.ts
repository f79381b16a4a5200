import { isTargetError, TargetError } from '@quackup/target-api';

import { messageOf } from '../config/error-facts.ts';
import { hideSecrets } from '../config/hide-secrets.ts';

/**
 * An error without the target's secrets: the very same one unless one shows in its message, its hint, its stack or those of
 * its causes. A library may repeat what it was given, and not every target looks for that.
 */
export function redactError(error: unknown, secrets: readonly string[]): unknown {
  if (secrets.length === 0 || !showsSecret(error, secrets)) return error;
  const message = hideSecrets(messageOf(error), secrets);
  // What else the causes hold is not known, so only their words stay.
  const cause = causesOf(error).map((each) => hideSecrets(messageOf(each), secrets));
  const options = cause.length === 0 ? {} : { cause: new Error(cause.join('; ')) };
  if (!isTargetError(error)) return new Error(message, options);
  const { code, hint, retryable } = error;
  return new TargetError(code, message, {
    retryable,
    ...options,
    ...(hint === undefined ? {} : { hint: hideSecrets(hint, secrets) }),
  });
}

function showsSecret(error: unknown, secrets: readonly string[]): boolean {
  const shown = [error, ...causesOf(error)].flatMap((each) => [
    messageOf(each),
    each instanceof Error ? (each.stack ?? '') : '',
    isTargetError(each) ? (each.hint ?? '') : '',
  ]);
  return shown.some((text) => hideSecrets(text, secrets) !== text);
}

/** The causes of an error, the nearest first. A chain that bites its own tail ends. */
function causesOf(error: unknown): unknown[] {
  const causes = new Set<unknown>();
  let current = error instanceof Error ? error.cause : undefined;
  while (current !== undefined && !causes.has(current)) {
    causes.add(current);
    current = current instanceof Error ? current.cause : undefined;
  }
  return [...causes];
}
