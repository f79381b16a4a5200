import { EXIT, QuackupError } from '@quackup/core';
import { isTargetError } from '@quackup/target-api';

import type { ErrorReport } from './render/error.ts';

/** Any error as it is told to the user. */
export function describeError(error: unknown): ErrorReport {
  if (error instanceof QuackupError) {
    const { code, message, hint, exitCode } = error;
    return { code, message, hint, exitCode };
  }
  if (isTargetError(error)) {
    const { code, message, hint } = error;
    return { code: 'TARGET_FAILED', message: `${message} (${code})`, hint, exitCode: EXIT.failed };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'INTERNAL',
    message,
    hint: 'run it again with --verbose and report what it prints',
    exitCode: EXIT.failed,
  };
}
