import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { QuackupError } from '../errors.ts';
import { buildConfig } from './build-config.ts';
import { checkAlarms } from './check-alarms.ts';
import { checkTargetNames } from './check-target-names.ts';
import type { Config } from './config.ts';
import { configSchema } from './config-schema.ts';
import { describeIssues } from './describe-issues.ts';
import { codeOf, messageOf } from './error-facts.ts';
import { replaceVariables } from './replace-variables.ts';
import { type ConfigProblem, YamlSource } from './yaml-source.ts';

/**
 * Reads a configuration file.
 *
 * @param path Relative to the working directory, or absolute.
 * @param env Where `${NAME}` is looked up.
 * @throws CONFIG_NOT_FOUND if there is no such file.
 * @throws CONFIG_INVALID if it cannot be read, or says something impossible: see {@link parseConfig}.
 */
export async function loadConfig(path: string, env: NodeJS.ProcessEnv): Promise<Config> {
  const absolute = resolve(path);
  let text: string;
  try {
    text = await readFile(absolute, 'utf8');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') {
      throw new QuackupError('CONFIG_NOT_FOUND', `there is no configuration file ${absolute}`, {
        hint: 'check the path, or write a new configuration with `quackup init`',
        cause,
      });
    }
    throw new QuackupError('CONFIG_INVALID', `${absolute} cannot be read: ${messageOf(cause)}`, {
      hint: 'name a file that this user may read',
      cause,
    });
  }
  return parseConfig(text, { path: absolute, env });
}

export interface ParseConfigOptions {
  /** Where the text comes from: names it in messages, and relative paths start at its folder. Need not exist. */
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Reads the text of a configuration: YAML, or JSON. Does not look at the file system.
 *
 * @throws CONFIG_INVALID if anything is wrong; the message lists every problem found, each as `FILE:LINE:COLUMN: problem`
 *   and in the order of the file. (Errors of syntax, duplicate keys included, are told alone: what is meant is unknown.)
 */
export function parseConfig(text: string, { path, env }: ParseConfigOptions): Config {
  const absolute = resolve(path);
  const { source, problems } = YamlSource.parse(text, absolute);
  refuse(
    problems,
    source,
    text.includes('${') ? 'put text that holds ${...} in quotes where it is inside { } or [ ]' : undefined,
  );

  const unset: ConfigProblem[] = [];
  source.mapStrings((each, offset) =>
    replaceVariables(each, env, (problem) => unset.push({ text: problem, offset })),
  );
  const value = valueOf(source);
  const parsed = configSchema.safeParse(value);
  const issues = parsed.success ? [] : describeIssues(parsed.error.issues, source);
  refuse([...unset, ...issues, ...checkTargetNames(value, source), ...checkAlarms(value, source)], source);
  if (!parsed.success) throw new QuackupError('INTERNAL', 'a refused configuration has no problem');
  return buildConfig(parsed.data, source, absolute);
}

/** The plain value; an empty file says nothing, which is allowed. */
function valueOf(source: YamlSource): unknown {
  try {
    return source.toValue() ?? {};
  } catch (error) {
    // The YAML library throws this for an alias without an anchor, and for aliases that multiply beyond reason.
    if (!(error instanceof ReferenceError)) throw error;
    return refuse([{ text: error.message, offset: 0 }], source);
  }
}

function refuse(problems: readonly ConfigProblem[], source: YamlSource, hint?: string): void {
  if (problems.length === 0) return;
  const lines = [...problems]
    .sort((a, b) => a.offset - b.offset)
    .map(({ text, offset }) => `${source.placeAt(offset)}: ${text}`);
  const [first] = lines;
  throw new QuackupError(
    'CONFIG_INVALID',
    lines.length === 1 && first !== undefined
      ? first
      : [`the configuration has ${lines.length} problems`, ...lines].join('\n  '),
    { hint: hint ?? 'correct the configuration; `quackup init` writes an example of one' },
  );
}
