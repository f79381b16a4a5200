import { existsSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { API_VERSION, isTargetDefinition, type TargetDefinition } from '@quackup/target-api';

import { QuackupError } from '../errors.ts';
import type { Config } from './config.ts';
import { codeOf, messageOf } from './error-facts.ts';
import { closestOf, didYouMean } from './suggest.ts';

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
    throw new QuackupError('TARGET_INVALID', `${place}: "${type}" ${whatIsExported(definition)}`, {
      hint: 'its module must export `target = defineTarget({...})` of @quackup/target-api',
    });
  }
  checkVersion(type, definition.apiVersion, place);
  return definition;
}

const MEMBERS = ['apiVersion', 'type', 'optionsSchema', 'secretOptions', 'open'] as const;

function whatIsExported(definition: unknown): string {
  if (typeof definition !== 'object' || definition === null) return 'exports no target';
  const missing = MEMBERS.filter((name) => !(name in definition));
  return `exports a \`target\` that is none: ${missing.length === 0 ? 'its members are not what they should be' : `it has no ${missing.join(', no ')}`}`;
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
  const require = createRequire(configPath);
  try {
    return require.resolve(type);
  } catch (cause) {
    const isPath = /^\.{0,2}[/\\]|^[A-Za-z]:[/\\]/.test(type);
    if (codeOf(cause) !== 'MODULE_NOT_FOUND') {
      throw new QuackupError('TARGET_INVALID', `${place}: "${type}" cannot be found: ${messageOf(cause)}`, {
        hint: isPath
          ? `name a module relative to ${dirname(configPath)}`
          : "the package's exports need a `default` condition",
        cause,
      });
    }
    if (isPath) {
      throw new QuackupError('TARGET_INVALID', `${place}: there is no module "${type}"`, {
        hint: `name a module relative to ${dirname(configPath)}`,
        cause,
      });
    }
    const name = packageOf(type);
    if (isInstalled(name, require)) {
      throw new QuackupError(
        'TARGET_INVALID',
        `${place}: the package "${name}" has no module for "${type}"`,
        {
          hint: 'check that the package is built, and what its package.json names',
          cause,
        },
      );
    }
    const meant = closestOf(type, Object.keys(builtins));
    throw new QuackupError(
      'TARGET_NOT_INSTALLED',
      `${place}: the target package "${name}" is not installed${didYouMean(type, Object.keys(builtins))}`,
      {
        // Whoever installs a misspelt name installs what somebody has put there for that.
        hint:
          meant === undefined
            ? `run \`npm install ${name}\` in ${dirname(configPath)}`
            : `correct it to \`type: ${meant}\`; a target of your own needs its package there, or the path of its module`,
        cause,
      },
    );
  }
}

/** `@acme/targets/sftp` is a module of the package `@acme/targets`. */
function packageOf(type: string): string {
  return type
    .split('/')
    .slice(0, type.startsWith('@') ? 2 : 1)
    .join('/');
}

function isInstalled(name: string, require: NodeJS.Require): boolean {
  return (require.resolve.paths(name) ?? []).some((folder) => existsSync(join(folder, name, 'package.json')));
}
