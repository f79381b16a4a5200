import {
  type Config,
  type DailyProblem,
  type DailyReport,
  isComplete,
  listBackups,
  resolveDatabases,
  runDaily,
} from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { backupOptions } from '../config/backup-options.ts';
import type { Keys } from '../config/keys.ts';
import { OpenTargets } from '../config/open-targets.ts';
import type { RunLog } from '../log/run-log.ts';
import { startProgress } from '../progress/progress.ts';
import { checkVerification } from './check-verification.ts';

export interface BackUpOptions {
  /** Only if the last good backup on one of the targets is older, milliseconds. */
  readonly ifOlderMs: number | undefined;
  /** Called once it is known that there is something to do, before any of it is done. */
  readonly begin: () => Promise<void>;
  readonly keys: Keys;
}

/**
 * The part of a daily run that works on databases and targets.
 *
 * @returns undefined if there is nothing to do.
 */
export async function backUp(
  context: CommandContext,
  config: Config,
  log: RunLog,
  { ifOlderMs, begin, keys }: BackUpOptions,
): Promise<DailyReport | undefined> {
  const { signal, now, env } = context.io;
  checkVerification(config, keys);
  const { databases, warnings } = await resolveDatabases(config);
  for (const warning of warnings) {
    context.warn(warning);
    log.write('warning', warning);
  }
  const encryption = await keys.encryption();
  // One that cannot be had would be missed only when the backup is made.
  await keys.source?.();
  await using targets = await OpenTargets.open(config.backup.targets, config, context, { several: true });
  if (ifOlderMs !== undefined && (await areAllYounger(targets, ifOlderMs, context))) return undefined;
  await begin();
  log.write('info', 'begun', { databases: databases.length, targets: config.backup.targets.length });
  using progress = await startProgress(context);
  const report = await runDaily({
    ...backupOptions(config, env, encryption),
    ...(keys.source && { keys: keys.source }),
    databases,
    targets: targets.targets,
    policy: config.retention,
    ...(config.verify.daily !== undefined && { verifyLevel: config.verify.daily }),
    ...(config.verify.scanEveryMs !== undefined && { scanEveryMs: config.verify.scanEveryMs }),
    alarms: config.alarms,
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
    const good = (await listBackups(target, { signal })).find(isComplete);
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
