import { resolve } from 'node:path';

import {
  type Config,
  EXIT,
  importBackups,
  type ImportReport,
  listBackups,
  type NamedTarget,
  planRetention,
  QuackupError,
  resolveDatabases,
  retentionCandidate,
} from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { backupOptions } from '../config/backup-options.ts';
import { findConfig } from '../config/find-config.ts';
import { openKeys } from '../config/keys.ts';
import { OpenTargets } from '../config/open-targets.ts';
import { startProgress } from '../progress/progress.ts';
import { renderImport } from '../render/import.ts';

export interface ImportInput {
  /** A file or a folder, relative to the working directory. */
  readonly path: string;
  /** Names of targets; empty: those of the configuration. */
  readonly target: readonly string[];
  readonly time?: string;
  readonly as?: string;
  readonly dryRun: boolean;
}

/** @returns 0 if there is a backup of everything that was found, else 1; 3 if all that failed is damaged. */
export async function importCommand(context: CommandContext, input: ImportInput): Promise<number> {
  const { cwd, signal } = context.io;
  const time = timeFrom(input.time);
  const config = await findConfig(context);
  const keys = openKeys(context, config);
  const encryption = await keys.encryption();
  const names = input.target.length > 0 ? [...new Set(input.target)] : config.backup.targets;
  await using targets = await OpenTargets.open(names, config, context);
  using progress = await startProgress(context);
  const report = await importBackups({
    ...backupOptions(config, context.io.env, encryption),
    path: resolve(cwd, input.path),
    baseDir: config.baseDir,
    known: (await resolveDatabases(config)).databases,
    targets: targets.targets,
    dryRun: input.dryRun,
    signal,
    onProgress: progress.onProgress,
    ...(time !== undefined && { time }),
    ...(input.as !== undefined && { as: resolve(cwd, input.as) }),
    ...(keys.source && { keys: keys.source }),
  });
  progress[Symbol.dispose]();
  const shortLived = input.dryRun ? [] : await soonRemoved(report, targets.targets, config, context);
  const exitCode = exitCodeOf(report);
  context.report(
    { ...report, removedByNextCleanup: shortLived },
    renderImport(report, { shortLived, verbose: context.options.verbose }, context.colors),
    exitCode === EXIT.ok && shortLived.length === 0,
  );
  return exitCode;
}

/** ISO 8601; without an offset it is local time, as `date` prints it. */
function timeFrom(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const time = new Date(text);
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(time.getTime())) return time;
  throw new QuackupError('USAGE', `--time: "${text}" is not a time`, {
    hint: 'write it as 2026-11-22T02:00:00Z',
  });
}

/** Imported backups that are older than the retention rules keep: whoever brings old backups in should know. */
async function soonRemoved(
  { imports }: ImportReport,
  targets: readonly NamedTarget[],
  { retention }: Config,
  { io: { now, signal } }: CommandContext,
): Promise<{ target: string; backup: string }[]> {
  const imported = new Set(imports.flatMap(({ backup }) => backup ?? []));
  const removed: { target: string; backup: string }[] = [];
  if (imported.size === 0) return removed;
  for (const target of targets) {
    const candidates = (await listBackups(target, { signal })).map(retentionCandidate);
    for (const { name, keep } of planRetention(candidates, retention, now())) {
      if (!keep && imported.has(name)) removed.push({ target: target.name, backup: name });
    }
  }
  return removed;
}

const DAMAGE = new Set(['BACKUP_DAMAGED', 'ARCHIVE_HOSTILE', 'DATABASE_DAMAGED']);

function exitCodeOf({ imports }: ImportReport): number {
  const failed = imports.filter(({ status }) => status === 'failed');
  if (failed.length === 0) return EXIT.ok;
  const codes = failed.flatMap(({ error, databases, targets }) =>
    [error, ...databases.map((each) => each.error), ...targets.map((each) => each.error)].flatMap(
      (each) => each?.code ?? [],
    ),
  );
  return codes.every((code) => DAMAGE.has(code)) ? EXIT.damaged : EXIT.failed;
}
