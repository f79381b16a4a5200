import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { type Config, loadConfig, parseConfig } from '@quackup/core';

import type { CommandContext } from '../command-context.ts';

/** The file that is used if it is there and no other is named. */
export const CONFIG_FILE = 'quackup.yaml';

// Without a configuration, and for one that names no target: a folder beside it.
const DEFAULT_TARGETS = 'targets: { local: { type: local, path: ./backups } }';

/**
 * The configuration of a run: the file that `--config` names, else `quackup.yaml` of the working directory, else a made-up
 * one. There is always at least one target: without any the folder `backups`, beside the configuration.
 *
 * @throws CONFIG_NOT_FOUND if the file that was named does not exist.
 * @throws CONFIG_INVALID if it says something impossible, a schedule that never comes among it.
 */
export async function findConfig({ io, options }: CommandContext): Promise<Config> {
  const path = resolve(io.cwd, options.config ?? CONFIG_FILE);
  const config =
    options.config !== undefined || (await exists(path))
      ? await loadConfig(path, io.env)
      : parseConfig('', { path: join(io.cwd, CONFIG_FILE), env: io.env });
  return usable(config);
}

/**
 * As {@link findConfig}, but the file must be there: what works by itself shall not work without one.
 *
 * @throws CONFIG_NOT_FOUND or CONFIG_INVALID.
 */
export async function requireConfig(
  { io, options }: CommandContext,
  env: NodeJS.ProcessEnv = io.env,
): Promise<Config> {
  return usable(await loadConfig(resolve(io.cwd, options.config ?? CONFIG_FILE), env));
}

/** Whether times come at all takes a calendar, which is loaded only for who names some. */
async function usable(config: Config): Promise<Config> {
  if (config.schedule !== undefined) (await import('../schedule/timing.ts')).findTiming({}, config);
  return withTargets(config);
}

function withTargets(config: Config): Config {
  if (config.targets.size > 0) return config;
  const { targets, backup } = parseConfig(DEFAULT_TARGETS, { path: config.path, env: {} });
  return { ...config, targets, backup: { ...config.backup, targets: backup.targets } };
}

/** Whether the configuration of a run is a file, and not made up. */
export async function hasConfigFile({ io, options }: CommandContext): Promise<boolean> {
  return options.config !== undefined || (await exists(resolve(io.cwd, CONFIG_FILE)));
}

/** Where was looked, and why only there, if the configuration of a run is made up. Else undefined. */
export async function whatIsMissing(context: CommandContext, config: Config): Promise<string | undefined> {
  if (await hasConfigFile(context)) return undefined;
  return `there is no ${config.path}, so only the folder ${join(config.baseDir, 'backups')} was looked at`;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    // If it is there and cannot be reached, it cannot be read either: as good as not there.
    return false;
  }
}
