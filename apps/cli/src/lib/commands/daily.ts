import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

import {
  type Config,
  type DailyReport,
  EXIT,
  MAX_PERIOD_MS,
  parseDuration,
  QuackupError,
} from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { findConfig } from '../config/find-config.ts';
import { openKeys } from '../config/keys.ts';
import { backUp } from '../daily/back-up.ts';
import { concludeRun, type RunFacts } from '../daily/conclude-run.ts';
import { failedReport, withWarnings } from '../daily/failed-report.ts';
import { openPlace } from '../daily/open-place.ts';
import { Hooks } from '../hooks/hooks.ts';
import { logDaily } from '../log/log-daily.ts';
import { startEvent } from '../notify/daily-event.ts';
import { openMessenger } from '../notify/open-messenger.ts';
import { renderDaily } from '../render/daily.ts';
import { stateFolder } from '../state/state-folder.ts';

export interface DailyInput {
  /** Only if the last good backup is older. */
  readonly ifOlder?: string;
  readonly logFormat?: string;
}

export interface DailySetting {
  /** Default: the one that the command line or the working directory names. */
  readonly config?: Config;
  /** Asked once no other run is at work: whether there is still something to do. */
  readonly isStillDue?: () => Promise<boolean>;
}

/**
 * Backup, verification, cleanup, hooks, history, metrics, notifications.
 *
 * @returns 0 also with warnings; 3 if what was just written is damaged; 1 if anything else failed.
 */
export async function daily(
  context: CommandContext,
  input: DailyInput,
  { config: given, isStillDue = async () => true }: DailySetting = {},
): Promise<number> {
  const ifOlderMs = ageFrom(input.ifOlder);
  const format = formatFrom(input.logFormat);
  const config = given ?? (await findConfig(context));
  const keys = openKeys(context, config);
  const { env, now, signal } = context.io;
  const startedAt = now();
  const runId = randomUUID();
  const facts: RunFacts = {
    context,
    config,
    runId,
    host: hostname(),
    stateFolder: stateFolder(config.path, env),
    messenger: await openMessenger(config, env),
  };
  const failed = (error: unknown): DailyReport =>
    failedReport(error, { startedAt, endedAt: now(), interrupted: signal.aborted });

  await using place = await openPlace(facts, format, isStillDue).catch(async (error: unknown) => {
    // Another run is at work: that one tells how it went.
    if (!(error instanceof QuackupError && error.code === 'LEASE_HELD'))
      await concludeRun(facts, failed(error), { begun: false });
    throw error;
  });
  if (place === undefined) return skipped(context, 'nothing to do: another run made up for it');
  const { log } = place;
  const hooks = new Hooks({ config, env, log, runId, startedAt });
  const begin = async (): Promise<void> => {
    facts.messenger?.begin(startEvent(facts, startedAt));
    await hooks.before(signal);
  };
  let failure: { readonly error: unknown } | undefined;
  let report: DailyReport | undefined;
  try {
    report = await backUp(context, config, log, { ifOlderMs, begin, keys });
  } catch (error) {
    failure = { error };
    report = failed(error);
  }
  if (report === undefined) {
    const text = `nothing to do: every target has a good backup of the last ${input.ifOlder ?? ''}`;
    log.write('info', text);
    return skipped(context, text);
  }
  report = withWarnings(report, await hooks.finish(report));
  logDaily(log, report);
  const notifications = await concludeRun({ ...facts, log }, report, { begun: failure === undefined });
  if (log.failure !== undefined)
    context.warn(`lines are missing in the log file ${log.file}: ${log.failure.message}`);
  if (failure !== undefined) throw failure.error;
  context.report(
    { runId, ...report, notifications },
    [...renderDaily(report, context.colors), `log: ${log.file}`],
    report.outcome === 'success',
  );
  return exitCodeOf(report);
}

function skipped(context: CommandContext, why: string): number {
  context.report({ outcome: 'skipped' }, [why], true);
  return EXIT.ok;
}

function exitCodeOf({ outcome, verified }: DailyReport): number {
  if (verified.some(({ report }) => !report.ok)) return EXIT.damaged;
  return outcome === 'failure' ? EXIT.failed : EXIT.ok;
}

function ageFrom(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text, MAX_PERIOD_MS);
  if (ms !== undefined) return ms;
  throw new QuackupError('USAGE', `--if-older: "${text}" is not a duration`, {
    hint: 'write a number and a unit: 20h, 7d',
  });
}

function formatFrom(text: string | undefined): 'text' | 'json' | undefined {
  if (text === undefined || text === 'text' || text === 'json') return text;
  throw new QuackupError('USAGE', `--log-format: "${text}" is none`, { hint: 'use text or json' });
}
