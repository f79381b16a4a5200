import { cleanupBackups, type RetentionPolicy } from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { findConfig } from '../config/find-config.ts';
import { renderCleanup } from '../render/cleanup.ts';
import { onEachTarget } from './each-target.ts';

/** Rules of the command line; each replaces that of the configuration. */
export interface CleanupInput extends RetentionPolicy {
  readonly target?: string;
  readonly dryRun: boolean;
}

export async function cleanup(context: CommandContext, input: CleanupInput): Promise<number> {
  const { target, dryRun, ...rules } = input;
  const config = await findConfig(context);
  const policy: RetentionPolicy = { ...config.retention, ...rules };
  const names = target === undefined ? config.backup.targets : [target];
  const { results, outcomes, exitCode } = await onEachTarget(names, config, context, (named) =>
    cleanupBackups(named, { policy, dryRun, signal: context.io.signal }),
  );
  const json = {
    kept: results.flatMap(({ target: on, result }) => result.kept.map((entry) => ({ ...entry, target: on }))),
    removed: results.flatMap(({ target: on, result }) =>
      result.removed.map((entry) => ({ ...entry, target: on })),
    ),
    leftovers: results.flatMap(({ result }) => result.leftovers),
    freedBytes: results.reduce((sum, { result }) => sum + result.freedBytes, 0),
    dryRun,
    targets: outcomes,
  };
  const lines = results.flatMap(({ target: on, result }) => renderCleanup(on, result, context.colors));
  for (const { name, error } of outcomes) if (error !== undefined) context.warn(`${name}: ${error.message}`);
  context.report(json, lines, exitCode === 0 && !dryRun);
  return exitCode;
}
