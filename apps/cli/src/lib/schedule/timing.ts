import { type Config, parseDuration, QuackupError } from '@quackup/core';
import { parseTiming, ScheduleError, type Timing } from '@quackup/schedule';

/** A run begins up to so much later, unless somebody says otherwise, milliseconds: a fleet shall not begin at once. */
const DEFAULT_JITTER_MS = 300_000;

const MAX_JITTER_MS = 86_400_000;

/** Times as the command line gives them. */
export interface TimingInput {
  readonly at?: string;
  readonly cron?: string;
}

/**
 * When a job runs: as the command line says, else as the configuration does.
 *
 * @throws USAGE or CONFIG_INVALID (with its place) if that is no time, or one that never comes.
 */
export function findTiming(
  { at, cron }: TimingInput,
  { schedule, placeOf }: Pick<Config, 'schedule' | 'placeOf'>,
): Timing | undefined {
  if (at !== undefined && cron !== undefined)
    throw new QuackupError('USAGE', '--at and --cron exclude each other', { hint: 'use one of them' });
  const given = at !== undefined ? { at } : cron !== undefined ? { cron } : undefined;
  if (given !== undefined) return checked(given, undefined);
  if (schedule === undefined) return undefined;
  const { timeZone } = schedule;
  const zone = timeZone === undefined ? {} : { timeZone };
  const place = placeOf(['schedule']);
  if (schedule.at !== undefined) return checked({ at: schedule.at, ...zone }, place);
  return schedule.cron === undefined ? undefined : checked({ cron: schedule.cron, ...zone }, place);
}

/**
 * How much later a run may begin, milliseconds.
 *
 * @throws USAGE if `text` is no duration of up to a day.
 */
export function findJitter(text: string | undefined, { schedule }: Pick<Config, 'schedule'>): number {
  if (text === undefined) return schedule?.jitterMs ?? DEFAULT_JITTER_MS;
  const ms = parseDuration(text);
  if (ms !== undefined && ms <= MAX_JITTER_MS) return ms;
  throw new QuackupError('USAGE', `--jitter: "${text}" is not a duration of up to a day`, {
    hint: 'write a number and a unit: 90s, 5m; 0s for none',
  });
}

function checked(timing: Timing, place: string | undefined): Timing {
  try {
    parseTiming(timing);
    return timing;
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    const { message, hint } = error;
    const options = { cause: error, ...(hint !== undefined && { hint }) };
    if (place === undefined) throw new QuackupError('USAGE', message, options);
    throw new QuackupError('CONFIG_INVALID', `${place}: ${message}`, options);
  }
}
