import { EXIT, QuackupError, rekeyTarget } from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { findConfig } from '../config/find-config.ts';
import { openKeys } from '../config/keys.ts';
import { startProgress } from '../progress/progress.ts';
import { renderRekey, WHAT_REMOVAL_CANNOT_UNDO } from '../render/rekey.ts';
import { onEachTarget } from './each-target.ts';

export interface RekeyInput {
  /** Default: every target of the configuration that backups are written to. */
  readonly target?: string;
  readonly dryRun: boolean;
}

/** Makes existing backups be for the recipients of the configuration. */
export async function rekey(context: CommandContext, { target, dryRun }: RekeyInput): Promise<number> {
  const config = await findConfig(context);
  const keys = openKeys(context, config);
  const encryption = await keys.encryption();
  if (encryption === undefined) {
    throw new QuackupError('CONFIG_INVALID', 'the configuration names no recipients', {
      hint: 'list under `encryption: { recipients: [...] }` who is to be able to read the backups',
    });
  }
  const { source = async () => [] } = keys;
  const names = target === undefined ? config.backup.targets : [target];
  using progress = await startProgress(context);
  const { results, outcomes, exitCode } = await onEachTarget(names, config, context, (named) =>
    rekeyTarget(named, {
      recipients: encryption.recipients,
      keys: source,
      dryRun,
      signal: context.io.signal,
      onProgress: progress.onProgress,
    }),
  );
  progress[Symbol.dispose]();
  const reports = results.map(({ target: on, result }) => ({ target: on, ...result }));
  const removes = reports.some(({ rekeyed }) => rekeyed.some(({ removed }) => removed.length > 0));
  const lines = results.flatMap(({ target: on, result }) => renderRekey(on, result, context.colors));
  for (const { name, error } of outcomes) if (error !== undefined) context.warn(`${name}: ${error.message}`);
  if (removes) context.warn(WHAT_REMOVAL_CANNOT_UNDO);
  const well = exitCode === EXIT.ok && reports.every(({ failed }) => failed.length === 0);
  context.report({ results: reports, dryRun, targets: outcomes }, lines, well && !dryRun);
  if (exitCode !== EXIT.ok) return exitCode;
  return well ? EXIT.ok : EXIT.failed;
}
