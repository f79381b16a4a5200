import {
  type BackupReport,
  type Config,
  createBackup,
  EXIT,
  MAX_DURATION_MS,
  MAX_PAUSE_WRITER_MS,
  parseDuration,
  QuackupError,
  resolveDatabases,
} from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { backupOptions } from '../config/backup-options.ts';
import { findConfig } from '../config/find-config.ts';
import { openKeys } from '../config/keys.ts';
import { OpenTargets } from '../config/open-targets.ts';
import { startProgress } from '../progress/progress.ts';
import { renderBackup } from '../render/backup.ts';

export interface BackupInput {
  /** From the command line, relative to the working directory; empty: those of the configuration. */
  readonly databases: readonly string[];
  /** Names of targets; empty: those of the configuration. */
  readonly target: readonly string[];
  /** Store everything, whatever could be reused. */
  readonly full: boolean;
  readonly wait?: string;
  readonly pauseWriter?: string;
  readonly sameMoment: boolean;
}

export async function backup(context: CommandContext, input: BackupInput): Promise<number> {
  const waitMs = durationFrom('--wait', input.wait, MAX_DURATION_MS);
  const pauseWriterMs = durationFrom('--pause-writer', input.pauseWriter, MAX_PAUSE_WRITER_MS);
  const config = await findConfig(context);
  const { databases, warnings } = await resolveDatabases(wantedDatabases(context, input, config));
  for (const warning of warnings) context.warn(warning);
  if (databases.length === 0) {
    throw new QuackupError('NO_DATABASES', 'there is no database to back up; nothing was written', {
      hint: 'name one (`quackup backup my.duckdb`), or list it under `databases:` in quackup.yaml',
    });
  }
  const encryption = await openKeys(context, config).encryption();
  const names = input.target.length > 0 ? [...new Set(input.target)] : config.backup.targets;
  await using targets = await OpenTargets.open(names, config, context, { several: true });
  using progress = await startProgress(context);
  const made = await createBackup({
    ...backupOptions(config, context.io.env, encryption, {
      waitMs,
      pauseWriterMs,
      full: input.full,
      sameMoment: input.sameMoment,
    }),
    databases,
    targets: targets.targets,
    signal: context.io.signal,
    onProgress: progress.onProgress,
  });
  progress[Symbol.dispose]();
  const report = withUnopened(made, targets);
  const well = [...report.databases, ...report.targets].every(({ status }) => status === 'ok');
  context.report(report, renderBackup(report, context.colors), well);
  return well ? EXIT.ok : EXIT.failed;
}

function durationFrom(option: string, text: string | undefined, maxMs: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined && ms <= maxMs) return ms;
  const most = maxMs < 60_000 ? `${maxMs / 1000} s` : `${Math.floor(maxMs / 86_400_000)} days`;
  throw new QuackupError('USAGE', `${option}: "${text}" is not a duration of up to ${most}`, {
    hint: 'write a number and a unit: 200ms, 30s, 5m, 1h',
  });
}

function wantedDatabases(
  { io }: CommandContext,
  { databases }: BackupInput,
  config: Config,
): Pick<Config, 'databases' | 'baseDir'> {
  if (databases.length === 0) return config;
  return { baseDir: io.cwd, databases: databases.map((path) => ({ path, place: 'the command line' })) };
}

/** A target that could not even be opened did not get the backup either. */
function withUnopened(report: BackupReport, { failed }: OpenTargets): BackupReport {
  const unopened = failed.map(({ name, error: { code, message, hint } }) => {
    const error = { code, message, ...(hint !== undefined && { hint }) };
    return { name, status: 'failed' as const, error };
  });
  return { ...report, targets: [...report.targets, ...unopened] };
}
