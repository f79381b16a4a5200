/**
 * Runs Quackup by cron, systemd, launchd or the Windows Task Scheduler, or in a process of its own: says what would be installed,
 * installs, shows and removes it; keeps times.
 *
 * @module
 */
export { type Calendar, nextRuns, type NextRunsOptions, parseTiming, type Timing } from './lib/calendar.ts';
export { isCronRunning } from './lib/cron-daemon.ts';
export type { CronFields } from './lib/cron-fields.ts';
export { isDue } from './lib/due.ts';
export { keepTimes, type KeepTimesOptions, type KeptSchedule, type Timer } from './lib/keep-times.ts';
export type { Job, Scope } from './lib/job.ts';
export { type Machine, type ProgramResult, thisMachine } from './lib/machine.ts';
export {
  findSchedule,
  installSchedule,
  type Method,
  METHODS,
  removeSchedule,
  type ScheduleReport,
  showSchedule,
  type ShowOptions,
} from './lib/schedule.ts';
export { ScheduleError, type ScheduleErrorCode } from './lib/schedule-error.ts';
