import { resolve } from 'node:path';

import { EXIT, resolveBackupName, restoreBackup } from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { openChosenTarget } from '../config/choose-target.ts';
import { findConfig } from '../config/find-config.ts';
import { openKeys } from '../config/keys.ts';
import { startProgress } from '../progress/progress.ts';
import { renderRestore } from '../render/restore.ts';

export interface RestoreInput {
  readonly backup: string;
  readonly database?: string;
  readonly restoreDir?: string;
  readonly overwrite: boolean;
  readonly dryRun: boolean;
  readonly target?: string;
}

export async function restore(context: CommandContext, input: RestoreInput): Promise<number> {
  const { signal, cwd } = context.io;
  const { database, restoreDir, overwrite, dryRun } = input;
  const config = await findConfig(context);
  const { source } = openKeys(context, config);
  const named = await openChosenTarget(input.target, config, context);
  await using _closed = named.target;
  const name = await resolveBackupName(named, input.backup, {
    signal,
    database,
    onPassedOver: (text) => context.warn(text),
  });
  using progress = await startProgress(context);
  const report = await restoreBackup(named, name, {
    overwrite,
    dryRun,
    baseDir: config.baseDir,
    signal,
    onProgress: progress.onProgress,
    ...(source && { keys: source }),
    ...(database !== undefined && { database }),
    ...(restoreDir !== undefined && { restoreDir: resolve(cwd, restoreDir) }),
  });
  progress[Symbol.dispose]();
  const well = report.failed.length === 0;
  const isQuiet = well && !dryRun && report.warnings.length === 0;
  context.report(report, renderRestore(report, context.colors), isQuiet);
  if (well) return EXIT.ok;
  return report.failed.some(
    ({ error }) => error.code === 'BACKUP_DAMAGED' || error.code === 'ARCHIVE_HOSTILE',
  )
    ? EXIT.damaged
    : EXIT.failed;
}
