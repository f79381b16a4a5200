import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

import {
  acquireProcessLock,
  type Config,
  type DailyProblem,
  type DailyReport,
  EXIT,
  listBackups,
  MAX_PERIOD_MS,
  parseDuration,
  QuackupError,
  resolveDatabases,
  runDaily,
} from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { backupOptions } from '../config/backup-options.ts';
import { findConfig } from '../config/find-config.ts';
import { OpenTargets } from '../config/open-targets.ts';
import { describeError } from '../describe-error.ts';
import { logDaily } from '../log/log-daily.ts';
import { RunLog } from '../log/run-log.ts';
import { startProgress } from '../progress/progress.ts';
import { renderDaily } from '../render/daily.ts';
import { beginRun } from '../state/begin-run.ts';
import { openStateFolder } from '../state/state-folder.ts';

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

/** @returns 0 also with warnings; 3 if what was just written is damaged; 1 if anything else failed. */
export async function daily(
  context: CommandContext,
  input: DailyInput,
  setting: DailySetting = {},
): Promise<number> {
  const ifOlderMs = ageFrom(input.ifOlder);
  const format = formatFrom(input.logFormat);
  const config = setting.config ?? (await findConfig(context));
  const { env, now } = context.io;
  const state = await openStateFolder(config.path, env);
  await using _lock = await acquireProcessLock(join(state, 'daily.lock'), 'quackup daily');
  if ((await setting.isStillDue?.()) === false) {
    context.report({ outcome: 'skipped' }, ['nothing to do: another run made up for it'], true);
    return EXIT.ok;
  }
  await using _run = await beginRun(state, context.io);
  const { file = join(state, 'quackup.log'), maxMegabytes, keep } = config.log;
  const runId = randomUUID().slice(0, 8);
  await using log = await openLog({
    file,
    maxMegabytes,
    keep,
    runId,
    now,
    format: format ?? config.log.format,
  });
  try {
    const report = await run(context, config, log, ifOlderMs);
    if (report === undefined) {
      const text = `nothing to do: every target has a good backup of the last ${input.ifOlder ?? ''}`;
      log.write('info', text);
      context.report({ outcome: 'skipped' }, [text], true);
      return EXIT.ok;
    }
    logDaily(log, report);
    context.report(
      report,
      [...renderDaily(report, context.colors), `log: ${file}`],
      report.outcome === 'success',
    );
    return exitCodeOf(report);
  } catch (error) {
    const { code, message, hint } = describeError(error);
    log.write('error', message, { code, hint });
    throw error;
  }
}

/** @returns undefined if there is nothing to do. */
async function run(
  context: CommandContext,
  config: Config,
  log: RunLog,
  ifOlderMs: number | undefined,
): Promise<DailyReport | undefined> {
  const { signal, now } = context.io;
  const { databases, warnings } = await resolveDatabases(config);
  for (const warning of warnings) {
    context.warn(warning);
    log.write('warning', warning);
  }
  await using targets = await OpenTargets.open(config.backup.targets, config, context, { several: true });
  if (ifOlderMs !== undefined && (await areAllYounger(targets, ifOlderMs, context))) return undefined;
  log.write('info', 'begun', { databases: databases.length, targets: config.backup.targets.length });
  using progress = await startProgress(context);
  const report = await runDaily({
    ...backupOptions(config),
    databases,
    targets: targets.targets,
    policy: config.retention,
    ...(config.verify.daily !== undefined && { verifyLevel: config.verify.daily }),
    ...(config.verify.scanEveryMs !== undefined && { scanEveryMs: config.verify.scanEveryMs }),
    clock: { now },
    signal,
    onProgress: (event) => {
      if (event.type === 'message') log.write('info', event.text);
      progress.onProgress?.(event);
    },
  });
  return withUnopened(report, targets);
}

async function areAllYounger(
  { targets, failed }: OpenTargets,
  ageMs: number,
  { io: { now, signal } }: CommandContext,
): Promise<boolean> {
  if (failed.length > 0) return false;
  for (const target of targets) {
    const good = (await listBackups(target, { signal })).find(
      ({ damaged, failedDatabases }) => damaged === undefined && failedDatabases.length === 0,
    );
    const age = good === undefined ? Infinity : now().getTime() - Date.parse(good.createdAt);
    // One of the future says nothing of how long ago the last one was made.
    if (age < 0 || age >= ageMs) return false;
  }
  return true;
}

/** A target that could not even be opened did not get the backup either. */
function withUnopened(report: DailyReport, { failed }: OpenTargets): DailyReport {
  if (failed.length === 0) return report;
  const problems: DailyProblem[] = [];
  for (const { name, error } of failed) {
    const { code, message, hint } = error;
    const problem = { severity: 'failure', subject: `target ${name}`, code, message } as const;
    problems.push(hint === undefined ? problem : { ...problem, hint });
  }
  return { ...report, outcome: 'failure', problems: [...problems, ...report.problems] };
}

function exitCodeOf({ outcome, verified }: DailyReport): number {
  if (verified.some(({ report }) => !report.ok)) return EXIT.damaged;
  return outcome === 'failure' ? EXIT.failed : EXIT.ok;
}

async function openLog(options: Parameters<typeof RunLog.open>[0]): Promise<RunLog> {
  try {
    return await RunLog.open(options);
  } catch (error) {
    throw new QuackupError(
      'CONFIG_INVALID',
      `the log file ${options.file} cannot be written: ${(error as Error).message}; nothing was done`,
      { cause: error, hint: 'name another one with log: { file: PATH } in the configuration' },
    );
  }
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
