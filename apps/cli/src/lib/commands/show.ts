import { describeBackup, resolveBackupName } from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { openChosenTarget } from '../config/choose-target.ts';
import { findConfig } from '../config/find-config.ts';
import { openKeys } from '../config/keys.ts';
import { renderShow } from '../render/show.ts';

export async function show(
  context: CommandContext,
  backup: string,
  target: string | undefined,
): Promise<number> {
  const { signal } = context.io;
  const config = await findConfig(context);
  const { optional } = openKeys(context, config);
  const named = await openChosenTarget(target, config, context);
  await using _closed = named.target;
  const name = await resolveBackupName(named, backup, { signal, evenDamaged: true });
  const description = await describeBackup(named, name, { signal, ...(optional && { keys: optional }) });
  context.answer(description, renderShow(description, context.io.now(), context.colors));
  return 0;
}
