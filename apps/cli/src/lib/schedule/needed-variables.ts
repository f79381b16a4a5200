import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';

import { QuackupError } from '@quackup/core';

/** Every scheduler sets these itself. */
const ALWAYS_SET: ReadonlySet<string> = new Set(['HOME', 'LOGNAME', 'PATH', 'SHELL', 'USER']);

/** An environment that notes what is asked for: `names` are the variables that the configuration takes from it. */
export function watchEnvironment(env: NodeJS.ProcessEnv): {
  readonly env: NodeJS.ProcessEnv;
  readonly names: ReadonlySet<string>;
} {
  const names = new Set<string>();
  const watched = new Proxy(env, {
    get(target, name: string) {
      names.add(name);
      return target[name];
    },
  });
  return { env: watched, names };
}

/** Names in `{ env: NAME }`, wherever one stands in a value. */
export function namesInReferences(value: unknown): string[] {
  if (value instanceof Map) return [...value.values()].flatMap(namesInReferences);
  if (Array.isArray(value)) return value.flatMap(namesInReferences);
  if (typeof value !== 'object' || value === null) return [];
  const entries: [string, unknown][] = Object.entries(value);
  const [key, text] = entries[0] ?? [];
  if (entries.length === 1 && key === 'env' && typeof text === 'string') return [text];
  return entries.flatMap(([, each]) => namesInReferences(each));
}

/**
 * Those of `names` that a scheduled job would not have, sorted.
 *
 * @param given Names that it has.
 */
export function missingVariables(names: Iterable<string>, given: Iterable<string>): string[] {
  const present = new Set([...ALWAYS_SET, ...given]);
  return [...new Set(names)].filter((name) => !present.has(name)).sort();
}

/**
 * The variables of a file as Node's `--env-file` takes them.
 *
 * @throws USAGE if it cannot be read.
 */
export async function readEnvFile(path: string): Promise<NodeJS.Dict<string>> {
  try {
    return parseEnv(await readFile(path, 'utf8'));
  } catch (error) {
    throw new QuackupError('USAGE', `--env-file: ${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
      hint: 'name a file with lines like NAME=value, which only the user of the job may read',
    });
  }
}
