import { EXIT, repairTarget } from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { findConfig } from '../config/find-config.ts';
import { openKeys } from '../config/keys.ts';
import { startProgress } from '../progress/progress.ts';
import { renderRepair } from '../render/repair.ts';
import { onEachTarget } from './each-target.ts';

export interface RepairInput {
  readonly target?: string;
  readonly dryRun: boolean;
}

/** @returns 3 if something is damaged that cannot be repaired. */
export async function repair(context: CommandContext, { target, dryRun }: RepairInput): Promise<number> {
  const config = await findConfig(context);
  const keys = openKeys(context, config);
  const { source } = keys;
  // A configuration that only reads encrypted backups repairs what needs nothing encrypted.
  const { recipients = [], passphrase } = config.encryption ?? {};
  const encryption =
    recipients.length === 0 && passphrase === undefined ? undefined : await keys.encryption();
  const names = target === undefined ? config.backup.targets : [target];
  using progress = await startProgress(context);
  const { results, outcomes, exitCode } = await onEachTarget(names, config, context, (named) =>
    repairTarget(named, {
      dryRun,
      signal: context.io.signal,
      onProgress: progress.onProgress,
      ...(encryption && { encryption }),
      ...(source && { keys: source }),
    }),
  );
  progress[Symbol.dispose]();
  const json = {
    whole: results.flatMap(({ target: on, result }) =>
      result.whole.map((backup) => ({ backup, target: on })),
    ),
    repaired: results.flatMap(({ target: on, result }) =>
      result.repaired.map((entry) => ({ ...entry, target: on })),
    ),
    damaged: results.flatMap(({ target: on, result }) =>
      result.damaged.map((entry) => ({ ...entry, target: on })),
    ),
    locked: results.flatMap(({ target: on, result }) =>
      result.locked.map((entry) => ({ ...entry, target: on })),
    ),
    dryRun,
    targets: outcomes,
  };
  const lines = results.flatMap(({ target: name, result }) => renderRepair(name, result, context.colors));
  for (const { name, error } of outcomes) if (error !== undefined) context.warn(`${name}: ${error.message}`);
  const well = exitCode === EXIT.ok && json.damaged.length === 0;
  context.report(json, lines, well && !dryRun && json.locked.length === 0);
  if (exitCode !== EXIT.ok) return exitCode;
  if (!well) return EXIT.damaged;
  return json.locked.length > 0 ? EXIT.usage : EXIT.ok;
}
