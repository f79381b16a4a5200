/**
 * - `INVALID`: what was asked for cannot be: a time, a name, a path
 * - `NOT_EXPRESSIBLE`: the method cannot say exactly this; another one can
 * - `NOT_OURS`: something is in the way that Quackup did not write, or that was changed so that it cannot be told apart
 * - `MISSING`: the method is not on this machine
 * - `FAILED`: a program of the system refused
 */
export type ScheduleErrorCode = 'INVALID' | 'NOT_EXPRESSIBLE' | 'NOT_OURS' | 'MISSING' | 'FAILED';

/** An error that was foreseen. */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError';
  readonly code: ScheduleErrorCode;
  /** What to try, as an imperative without a full stop. */
  readonly hint: string | undefined;

  constructor(code: ScheduleErrorCode, message: string, hint?: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}
