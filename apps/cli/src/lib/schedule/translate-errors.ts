import { type ErrorCode, QuackupError } from '@quackup/core';
import { ScheduleError, type ScheduleErrorCode } from '@quackup/schedule';

const CODES: Readonly<Record<ScheduleErrorCode, ErrorCode>> = {
  INVALID: 'USAGE',
  NOT_EXPRESSIBLE: 'SCHEDULE_NOT_EXPRESSIBLE',
  NOT_OURS: 'SCHEDULE_NOT_OURS',
  MISSING: 'SCHEDULE_FAILED',
  FAILED: 'SCHEDULE_FAILED',
};

/** What `work` gives; what schedulers refuse is told like every other error. */
export async function translateErrors<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    const { code, message, hint } = error;
    throw new QuackupError(CODES[code], message, { cause: error, ...(hint !== undefined && { hint }) });
  }
}
