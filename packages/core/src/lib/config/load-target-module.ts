import { createRequire, isBuiltin } from 'node:module';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';

import { API_VERSION, isTargetDefinition, type TargetDefinition } from '@quackup/target-api';

import { QuackupError } from '../errors.ts';
import type { Config } from './config.ts';
import { codeOf, messageOf } from './error-facts.ts';
import { didYouMean } from './suggest.ts';

/** Targets that come with the program: what `type` says, and how the module is loaded that exports `target`. */
export type TargetModules = Readonly<Record<string, () => Promise<unknown>>>;

/**
 * Finds and loads the definition of a kind of target: a built-in name first, else a package or a path as seen from the
 * configuration file (never from the working directory: what is run must not depend on where one stands).
 *
 * @throws TARGET_NOT_INSTALLED if there is no such package.
 * @throws TARGET_INVALID if what is there is no target, cannot be loaded, or is made for another contract.
 */
export async function loadTargetModule(
  type: string,
  config: Pick<Config, 'path'>,
  builtins: TargetModules,
  place: string,
): Promise<TargetDefinition> {
  const load = Object.hasOwn(builtins, type) ? builtins[type] : undefined;
  const loaded = await (load ?? (() => importFrom(config.path, type, builtins, place)))();
  const definition =
    typeof loaded === 'object' && loaded !== null && 'target' in loaded ? loaded.target : undefined;
  if (!isTargetDefinition(definition)) {
    throw new QuackupError('TARGET_INVALID', `${place}: "${type}" exports no target`, {
      hint: 'its module must export `target = defineTarget({...})` of @quackup/target-api',
    });
  }
  checkVersion(type, definition.apiVersion, place);
  return definition;
}

function checkVersion(type: string, version: number, place: string): void {
  if (version === API_VERSION) return;
  throw new QuackupError(
    'TARGET_INVALID',
    `${place}: "${type}" is made for version ${version} of the target contract, this program has version ${API_VERSION}`,
    { hint: version > API_VERSION ? 'update quackup' : `update "${type}"` },
  );
}

async function importFrom(
  configPath: string,
  type: string,
  builtins: TargetModules,
  place: string,
): Promise<unknown> {
  const file = resolveFrom(configPath, type, builtins, place);
  try {
    return await import(pathToFileURL(file).href);
  } catch (cause) {
    throw new QuackupError('TARGET_INVALID', `${place}: "${type}" cannot be loaded: ${messageOf(cause)}`, {
      hint: `look at ${file}; if a package is missing, run \`npm install\` where it belongs`,
      cause,
    });
  }
}

function resolveFrom(configPath: string, type: string, builtins: TargetModules, place: string): string {
  if (isBuiltin(type)) {
    throw new QuackupError('TARGET_INVALID', `${place}: "${type}" is a module of Node, not a target`, {
      hint: `use one of: ${Object.keys(builtins).join(', ')}; or a package's name`,
    });
  }
  try {
    return createRequire(configPath).resolve(type);
  } catch (cause) {
    const isPath = /^\.{0,2}[/\\]|^[A-Za-z]:[/\\]/.test(type);
    const missing = codeOf(cause) === 'MODULE_NOT_FOUND';
    if (missing && !isPath) {
      throw new QuackupError(
        'TARGET_NOT_INSTALLED',
        `${place}: the target package "${type}" is not installed${didYouMean(type, Object.keys(builtins))}`,
        { hint: `run \`npm install ${type}\` in ${dirname(configPath)}`, cause },
      );
    }
    throw new QuackupError(
      'TARGET_INVALID',
      missing
        ? `${place}: there is no module "${type}"`
        : `${place}: "${type}" cannot be found: ${messageOf(cause)}`,
      {
        hint: isPath
          ? `name a module relative to ${dirname(configPath)}`
          : "the package's exports need a `default` condition",
        cause,
      },
    );
  }
}
