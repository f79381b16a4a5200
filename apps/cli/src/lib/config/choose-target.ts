import { type Config, type NamedTarget, openTarget, QuackupError } from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { BUILTIN_TARGETS } from './builtin-targets.ts';

/** The one target that a command reads from: the one that was named, else the first that backups are written to. */
export function openChosenTarget(
  name: string | undefined,
  config: Config,
  { io: { env, signal } }: CommandContext,
): Promise<NamedTarget> {
  const [first] = config.backup.targets;
  const chosen = name ?? first;
  if (chosen === undefined)
    throw new QuackupError('INTERNAL', 'a configuration without targets got this far');
  return openTarget(chosen, config, BUILTIN_TARGETS, { env, signal });
}
