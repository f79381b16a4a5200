import { dirname, resolve } from 'node:path';

import type { Config, ConfiguredTarget } from '@quackup/core';

import { BUILTIN_TARGETS } from '../config/builtin-targets.ts';

export interface NeededFolders {
  /** Absolute; what `daily` writes to on this machine. Some may not be there yet. */
  readonly written: readonly string[];
  /** Names of targets of which nobody but they themselves knows what they write to. */
  readonly unknown: readonly string[];
}

/** What `daily` writes to, from the configuration. `tempDir` is where scratch files go unless the configuration says. */
export function neededFolders(
  config: Pick<Config, 'baseDir' | 'backup' | 'targets' | 'log' | 'metrics'>,
  { stateFolder, tempDir }: { readonly stateFolder: string; readonly tempDir?: string | undefined },
): NeededFolders {
  const { baseDir, backup, targets, log, metrics } = config;
  const written = new Set([stateFolder]);
  if (log.file !== undefined) written.add(dirname(log.file));
  if (metrics.file !== undefined) written.add(dirname(metrics.file));
  const temp = backup.tempDir ?? tempDir;
  if (temp !== undefined) written.add(temp);
  const unknown: string[] = [];
  for (const name of backup.targets) {
    const target = targets.get(name);
    if (target === undefined) continue;
    const folder = folderOf(target, baseDir);
    if (folder !== undefined) written.add(folder);
    else if (!(target.type in BUILTIN_TARGETS)) unknown.push(name);
  }
  return { written: [...written], unknown };
}

function folderOf({ type, options }: ConfiguredTarget, baseDir: string): string | undefined {
  const path = options['path'];
  return type === 'local' && typeof path === 'string' ? resolve(baseDir, path) : undefined;
}
