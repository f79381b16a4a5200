import { realpath } from 'node:fs/promises';
import { basename, resolve } from 'node:path';

import { glob, isDynamicPattern } from 'tinyglobby';

import type { DatabaseSource } from '../api.ts';
import { QuackupError } from '../errors.ts';
import type { Config, ConfiguredDatabase } from './config.ts';
import { checkDatabaseName, checkEntryNames } from './database-names.ts';
import { isOfRestore } from './restore-names.ts';

export interface ResolvedDatabases {
  /** In the order of the configuration; what a glob matched is sorted by path. */
  readonly databases: readonly DatabaseSource[];
  /** Globs that matched nothing. */
  readonly warnings: readonly string[];
}

/** Sidecars of databases, and what a restore moved aside. A glob does not mean them. */
const BESIDE_A_DATABASE = /\.wal(?:\.checkpoint|\.recovery)?$|\.bak-[^/\\]*$/;

interface Found {
  readonly entry: ConfiguredDatabase;
  readonly path: string;
}

/**
 * The files that `databases` stands for.
 *
 * A path of a file that exists is that file, even if it holds characters of a glob. Otherwise a glob is expanded
 * (`**` for folders of any depth, hidden files only if named). A plain path of a file that does not exist stays, so that the
 * backup reports it. A file that is reached twice, also by links, counts once; an entry with a `name` wins.
 *
 * @throws CONFIG_INVALID if two entries give one file two names, if a `name` stands for several files, or if the name
 *   of a file cannot be a database's name, or is one that a restore uses.
 * @throws NAME_CONFLICT if two databases, or their sidecars, would have the same name in the backup.
 */
export async function resolveDatabases(
  config: Pick<Config, 'databases' | 'baseDir'>,
): Promise<ResolvedDatabases> {
  const warnings: string[] = [];
  const byFile = new Map<string, Found>();
  for (const entry of config.databases) {
    const paths = await expand(entry, config.baseDir);
    if (paths.length === 0) warnings.push(`${entry.place}: "${entry.path}" matches no file`);
    if (paths.length > 1 && entry.name !== undefined) {
      throw new QuackupError(
        'CONFIG_INVALID',
        `${entry.place}: the name "${entry.name}" would stand for ${paths.length} files`,
        {
          hint: 'give each file an entry and a name of its own',
        },
      );
    }
    for (const path of paths) {
      const file = (await realpathIfThere(path)) ?? path;
      const before = byFile.get(file);
      if (before === undefined) byFile.set(file, { entry, path });
      else if (entry.name !== undefined) byFile.set(file, preferNamed(before, { entry, path }));
    }
  }
  return { databases: toSources([...byFile.values()]), warnings };
}

async function expand(entry: ConfiguredDatabase, baseDir: string): Promise<string[]> {
  const literal = resolve(baseDir, entry.path);
  if (!isDynamicPattern(entry.path) || (await realpathIfThere(literal)) !== undefined) return [literal];
  // On Windows a backslash can only be meant as a separator; in a glob it would escape.
  const pattern = process.platform === 'win32' ? entry.path.replaceAll('\\', '/') : entry.path;
  const matched = await glob(pattern, { cwd: baseDir, absolute: true, expandDirectories: false });
  return matched
    .map((path) => resolve(path))
    .filter((path) => !BESIDE_A_DATABASE.test(path) && !isOfRestore(path))
    .sort();
}

async function realpathIfThere(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch {
    // Why it cannot be reached is for the backup to find out, which reports it database by database.
    return undefined;
  }
}

function preferNamed(before: Found, now: Found): Found {
  if (before.entry.name !== undefined && before.entry.name !== now.entry.name) {
    throw new QuackupError(
      'CONFIG_INVALID',
      `${now.entry.place}: ${now.path} has the name "${now.entry.name}" here and "${before.entry.name}" at ${before.entry.place}`,
      { hint: 'remove one of the two entries' },
    );
  }
  return now;
}

function toSources(found: readonly Found[]): DatabaseSource[] {
  const sources = found.map(({ entry, path }) => ({
    name: entry.name ?? basename(path),
    path,
    place: entry.place,
  }));
  for (const { name, path, place } of sources) {
    const problem = checkDatabaseName(name);
    if (problem !== undefined) {
      throw new QuackupError('CONFIG_INVALID', `${place}: the name of ${JSON.stringify(path)} ${problem}`, {
        hint: 'give it another name with `name:` in the configuration',
      });
    }
    checkNotOfRestore(path, name, place);
  }
  const conflicts = checkEntryNames(sources.map(({ name }) => name));
  if (conflicts.length > 0) {
    const pathsOf = (name: string): string =>
      sources
        .filter((source) => source.name === name)
        .map(({ path }) => path)
        .join(' and ');
    const lines = conflicts.map((conflict) =>
      conflict.with === undefined
        ? `"${conflict.entry}" of ${pathsOf(conflict.name)} is a name that the backup itself uses`
        : conflict.with === conflict.name
          ? `"${conflict.name}" would be the name of ${pathsOf(conflict.name)}`
          : `"${conflict.entry}" would be in the backup for ${pathsOf(conflict.with)} and for ${pathsOf(conflict.name)}`,
    );
    throw new QuackupError('NAME_CONFLICT', [...new Set(lines)].join('\n  '), {
      hint: 'list the files in the configuration and give one of them another name: `- { path: ..., name: ... }`',
    });
  }
  return sources.map(({ name, path }) => ({ name, path }));
}

/** A restore of X would write over a database `X.quackup-new`, and the other way round. */
function checkNotOfRestore(path: string, name: string, place: string): void {
  if (isOfRestore(path)) {
    throw new QuackupError(
      'CONFIG_INVALID',
      `${place}: ${path} has a name that a restore gives to its files while it runs`,
      {
        hint: 'name the database itself; if a restore was cut off, run it again: it is finished or undone first. If it is a database of its own, rename the file',
      },
    );
  }
  if (isOfRestore(name)) {
    throw new QuackupError(
      'CONFIG_INVALID',
      `${place}: the name "${name}" is one that a restore gives to its files while it runs`,
      { hint: 'give it another name with `name:` in the configuration' },
    );
  }
}
