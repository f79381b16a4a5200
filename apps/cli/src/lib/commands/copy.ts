import { copyBackup, EXIT, QuackupError, resolveBackupName } from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { openChosenTarget } from '../config/choose-target.ts';
import { findConfig } from '../config/find-config.ts';
import { startProgress } from '../progress/progress.ts';
import { renderCopy } from '../render/copy.ts';

export interface CopyInput {
  readonly backup: string;
  readonly from: string | undefined;
  readonly to: string;
  readonly repair: boolean;
}

export async function copy(context: CommandContext, input: CopyInput): Promise<number> {
  const { signal } = context.io;
  const config = await findConfig(context);
  const from = await openChosenTarget(input.from, config, context);
  await using _from = from.target;
  if (from.name === input.to) {
    throw new QuackupError('USAGE', `a backup cannot be copied from ${from.name} to itself`, {
      hint: 'name another target with --from or --to',
    });
  }
  const to = await openChosenTarget(input.to, config, context);
  await using _to = to.target;
  const name = await resolveBackupName(from, input.backup, {
    signal,
    onPassedOver: (text) => context.warn(text),
  });
  using progress = await startProgress(context);
  const report = await copyBackup(from, to, name, {
    repair: input.repair,
    signal,
    onProgress: progress.onProgress,
  });
  progress[Symbol.dispose]();
  context.report(report, renderCopy(report, context.colors), true);
  return EXIT.ok;
}
