import { isTargetError } from '@quackup/target-api';

import type { FailureReport } from './api.ts';
import { QuackupError } from './errors.ts';

/** An error as reports hold it. */
export function failureReport(error: unknown): FailureReport {
  if (error instanceof QuackupError || isTargetError(error)) {
    return {
      code: error.code,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    };
  }
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
}
