import { EXIT, parseDuration, QuackupError } from '@quackup/core';
import { keepTimes } from '@quackup/schedule';

import type { CommandContext } from '../command-context.ts';
import { requireConfig } from '../config/find-config.ts';
import { eventsTo, type SayEvent } from '../daemon/daemon-events.ts';
import { type DaemonState, healthOf } from '../daemon/daemon-state.ts';
import { KeptConfig } from '../daemon/kept-config.ts';
import { parseListenAddress } from '../daemon/listen-address.ts';
import { type DaemonRun, runDailyOnce } from '../daemon/run-daily-once.ts';
import { serveStatus, type StatusPages } from '../daemon/status-server.ts';
import { systemTimer } from '../daemon/system-timer.ts';
import { currentMetrics } from '../metrics/current-metrics.ts';
import { isRunDue } from '../schedule/is-run-due.ts';
import { openStateFolder } from '../state/state-folder.ts';

export interface DaemonInput {
  readonly listen: string;
  readonly grace: string;
}

/**
 * Keeps the schedule of the configuration until it is told to stop.
 *
 * @returns 0.
 */
export async function daemon(context: CommandContext, input: DaemonInput): Promise<number> {
  const { io } = context;
  const address = parseListenAddress(input.listen);
  const graceMs = graceFrom(input.grace);
  const config = await KeptConfig.open(() => requireConfig(context));
  const stateFolder = await openStateFolder(config.current.config.path, io.env);
  const say = eventsTo(context);
  const state: DaemonState = {
    startedAt: io.now(),
    config,
    isStopping: false,
    runningSince: undefined,
    lastRun: undefined,
    next: undefined,
  };
  await using server = address && (await serveStatus(address, pagesOf(state, stateFolder, io.now)));
  const at = server === undefined ? 'nowhere' : server.address;
  say('started', 'info', `started; answers /healthz and /metrics at ${at}`, { pid: process.pid, listen: at });
  using _reloads = io.onHangup?.(() => void reload(config, say));
  io.signal.addEventListener('abort', () => {
    state.isStopping = true;
    say(
      'stopping',
      'info',
      state.runningSince === undefined ? 'stopping' : `stopping: the run has ${input.grace} to end`,
    );
  });
  const isDue = (): Promise<boolean> =>
    isRunDue(context, config.current.config, config.current.calendar, stateFolder);
  await keepTimes({
    schedule: () => config.current,
    // Told to stop while it looks, there is none to be made.
    wasMissed: () => isDue().catch(() => !io.signal.aborted),
    run: () => work(context, state, say, { graceMs, isStillDue: isDue }),
    onNext: (next) => {
      state.next = next;
      if (next !== undefined)
        say('waiting', 'info', `next run at ${next.toISOString()}`, { next: next.toISOString() });
    },
    timer: systemTimer(io.now),
    random: io.random ?? Math.random,
    signal: io.signal,
  });
  say('stopped', 'info', 'stopped');
  return EXIT.ok;
}

function pagesOf(state: DaemonState, stateFolder: string, now: () => Date): StatusPages {
  return {
    '/healthz': () => {
      const { healthy, document } = healthOf(state);
      return {
        status: healthy ? 200 : 503,
        contentType: 'application/json',
        body: `${JSON.stringify(document, null, 2)}\n`,
      };
    },
    '/metrics': async () => ({
      status: 200,
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: await currentMetrics(stateFolder, now()),
    }),
  };
}

async function work(
  context: CommandContext,
  state: DaemonState,
  say: SayEvent,
  options: Parameters<typeof runDailyOnce>[2],
): Promise<void> {
  state.runningSince = context.io.now();
  state.next = undefined;
  say('begun', 'info', 'a run begins');
  const run = await runDailyOnce(context, state.config.current.config, options);
  state.runningSince = undefined;
  state.lastRun = run;
  const { outcome, backup, problem, durationMs, exitCode } = run;
  const what = [`the run ended: ${outcome}`, backup, problem].filter((each) => each !== null).join(', ');
  say('ended', LEVELS[outcome], what, { outcome, exitCode, backup, problem, durationMs });
}

const LEVELS: Readonly<Record<DaemonRun['outcome'], 'info' | 'warning' | 'error'>> = {
  success: 'info',
  skipped: 'info',
  warning: 'warning',
  interrupted: 'warning',
  failure: 'error',
};

async function reload(config: KeptConfig, say: SayEvent): Promise<void> {
  if (await config.reload()) {
    const { calendar } = config.current;
    say('reloaded', 'info', `the configuration was read again; runs at "${calendar.expression}"`);
  } else {
    say(
      'reload-failed',
      'error',
      `the new configuration is not used, the one before stays: ${config.problem ?? ''}`,
    );
  }
}

function graceFrom(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new QuackupError('USAGE', `--grace: "${text}" is not a duration of up to 24 days`, {
    hint: 'write a number and a unit: 30s, 10m',
  });
}
