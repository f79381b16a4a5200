import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { dotted } from './describe-issues.ts';
import { messageOf } from './error-facts.ts';

export interface SecretSources {
  readonly env: NodeJS.ProcessEnv;
  /** Folder that relative files are relative to. */
  readonly baseDir: string;
}

export interface ResolvedSecrets {
  readonly options: Readonly<Record<string, unknown>>;
  /** Every secret text among the options, however it was given: to be kept out of messages. */
  readonly secrets: readonly string[];
  readonly problems: readonly { readonly path: readonly string[]; readonly text: string }[];
}

/**
 * Replaces `{ env: NAME }` and `{ file: PATH }` by what they refer to, in the options that the target calls secret, at any
 * depth. Of a file the last line break is dropped. Elsewhere such an object may be what the target asks for, so it stays.
 */
export async function resolveSecrets(
  options: Readonly<Record<string, unknown>>,
  secretOptions: readonly string[],
  sources: SecretSources,
): Promise<ResolvedSecrets> {
  const secrets: string[] = [];
  const problems: { path: string[]; text: string }[] = [];

  const walk = async (value: unknown, path: string[], secret: boolean): Promise<unknown> => {
    if (secret && typeof value === 'string') secrets.push(value);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const reference = secret ? asReference(value) : undefined;
    if (reference !== undefined) {
      const found = await readReference(reference, sources);
      if ('problem' in found) problems.push({ path, text: `"${dotted(path)}": ${found.problem}` });
      else secrets.push(found.secret);
      return 'secret' in found ? found.secret : undefined;
    }
    return walkEntries(value, path);
  };

  const walkEntries = async (value: object, path: string[]): Promise<Record<string, unknown>> => {
    const entries: [string, unknown][] = [];
    for (const [key, each] of Object.entries(value)) {
      entries.push([key, await walk(each, [...path, key], secretOptions.includes(key))]);
    }
    return Object.fromEntries(entries);
  };

  const resolved = await walkEntries(options, []);

  return { options: resolved, secrets: secrets.filter((secret) => secret !== ''), problems };
}

type Reference = { readonly env: string } | { readonly file: string };

function asReference(value: object): Reference | undefined {
  const entries = Object.entries(value);
  const [key, text] = entries[0] ?? [];
  if (entries.length !== 1 || typeof text !== 'string') return undefined;
  if (key === 'env') return { env: text };
  return key === 'file' ? { file: text } : undefined;
}

async function readReference(
  reference: Reference,
  { env, baseDir }: SecretSources,
): Promise<{ secret: string } | { problem: string }> {
  if ('env' in reference) {
    const secret = env[reference.env];
    return secret === undefined
      ? { problem: `the environment variable ${reference.env} is not set` }
      : { secret };
  }
  const path = resolve(baseDir, reference.file);
  try {
    return { secret: (await readFile(path, 'utf8')).replace(/\r?\n$/, '') };
  } catch (error) {
    return { problem: `the file ${path} cannot be read: ${messageOf(error)}` };
  }
}
