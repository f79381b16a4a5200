import type { DaemonRun } from './run-daily-once.ts';
import { VERSION } from '../version.ts';
import type { KeptConfig } from './kept-config.ts';

/** What the daemon is at. */
export interface DaemonState {
  readonly startedAt: Date;
  readonly config: KeptConfig;
  isStopping: boolean;
  runningSince: Date | undefined;
  lastRun: DaemonRun | undefined;
  next: Date | undefined;
}

/**
 * What `/healthz` says. A backup that failed is no reason to start the daemon anew, so it does not make this unhealthy: that is for
 * notifications and metrics.
 */
export function healthOf(state: DaemonState): { readonly healthy: boolean; readonly document: object } {
  const { config, startedAt, isStopping, runningSince, lastRun, next } = state;
  const { calendar, config: file } = config.current;
  return {
    healthy: !isStopping,
    document: {
      status: isStopping ? 'stopping' : 'ok',
      version: VERSION,
      startedAt: startedAt.toISOString(),
      config: { path: file.path, problem: config.problem ?? null },
      schedule: { cron: calendar.expression, timeZone: calendar.timeZone ?? null },
      running: runningSince === undefined ? null : { since: runningSince.toISOString() },
      lastRun: lastRun ?? null,
      nextRun: next?.toISOString() ?? null,
    },
  };
}
