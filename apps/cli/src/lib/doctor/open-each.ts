import { type Config, type DoctorTarget, openTarget } from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { BUILTIN_TARGETS } from '../config/builtin-targets.ts';
import { probeLocalFolder } from './local-folder.ts';

/** Opens every target of a configuration; one that cannot be opened comes with its error. */
export async function openEach(
  config: Config,
  { io: { env, signal, now } }: CommandContext,
): Promise<DoctorTarget[]> {
  const opened: DoctorTarget[] = [];
  for (const name of config.targets.keys()) {
    const folder = await probeLocalFolder(name, config, now());
    const target = await openTarget(name, config, BUILTIN_TARGETS, { env, signal }).catch(
      (error: unknown) => {
        signal.throwIfAborted();
        return { error };
      },
    );
    opened.push({ name, opened: target, ...(folder !== undefined && { folder }) });
  }
  return opened;
}
