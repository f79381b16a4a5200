import type { TargetDefinition } from '@quackup/target-api';

import { QuackupError } from '../errors.ts';
import type { Config } from './config.ts';
import { dotted } from './describe-issues.ts';
import { messageOf } from './error-facts.ts';
import { hideSecrets } from './hide-secrets.ts';
import type { ResolvedSecrets } from './resolve-secrets.ts';

interface Problem {
  /** From the options on. */
  readonly path: readonly PropertyKey[];
  readonly at?: 'key';
  readonly text: string;
}

/** Whose options they are. */
export interface OptionsOwner {
  readonly section: 'targets' | 'notifications';
  readonly name: string;
  /** Standard Schema. */
  readonly schema: TargetDefinition['optionsSchema'];
  readonly secretOptions: readonly string[];
}

const NOUNS = { targets: 'target', notifications: 'channel' } as const;

/**
 * Checks the options of a target or channel by its own schema.
 *
 * @returns the options as the schema gives them back: with defaults, converted.
 * @throws CONFIG_INVALID with the place of every problem. No message holds a secret.
 */
export async function checkOptions(
  owner: OptionsOwner,
  { options, secrets, problems }: ResolvedSecrets,
  config: Pick<Config, 'placeOf'>,
): Promise<unknown> {
  refuse(problems, secrets, owner, config);
  const result = await validate(owner, options, secrets);
  if (result.issues === undefined) return result.value;
  refuse(
    result.issues.flatMap((issue) => toProblems(issue, owner.secretOptions)),
    secrets,
    owner,
    config,
  );
  throw new QuackupError(
    'TARGET_INVALID',
    `the schema of the ${NOUNS[owner.section]} "${owner.name}" refuses the options without saying why`,
  );
}

async function validate(
  { section, name, schema }: OptionsOwner,
  options: unknown,
  secrets: readonly string[],
): Promise<Awaited<ReturnType<TargetDefinition['optionsSchema']['~standard']['validate']>>> {
  try {
    return await schema['~standard'].validate(options);
  } catch (error) {
    // Without the error itself as the cause: it may hold the options.
    const text = hideSecrets(messageOf(error), secrets);
    throw new QuackupError('TARGET_INVALID', `the schema of the ${NOUNS[section]} "${name}" fails: ${text}`, {
      hint: 'this is a fault of its package: tell the author',
    });
  }
}

type Issue = {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
};

function toProblems(issue: Issue, secretOptions: readonly string[]): Problem[] {
  const path = (issue.path ?? []).map((segment) => (typeof segment === 'object' ? segment.key : segment));
  // Not part of Standard Schema: zod says which keys are too many, and so they can be pointed at.
  const unknown = 'keys' in issue && Array.isArray(issue.keys) ? issue.keys.map(String) : [];
  if (unknown.length > 0) {
    return unknown.map((key) => ({
      path: [...path, key],
      at: 'key',
      text: `unknown option "${dotted([...path, key])}"`,
    }));
  }
  const message = issue.message.replace(/^Invalid input: /, '');
  if (path.length > 0 && message.endsWith('received undefined')) {
    return [{ path, text: `"${dotted(path)}" is missing` }];
  }
  const text = path.length === 0 ? message : `"${dotted(path)}": ${message}`;
  return [{ path, text: `${text}${hintAtSecrets(path, message, secretOptions)}` }];
}

/** `{ env: NAME }` for an option that is no secret would otherwise be refused without a word about why. */
function hintAtSecrets(
  path: readonly PropertyKey[],
  message: string,
  secretOptions: readonly string[],
): string {
  if (!/received object/.test(message) || secretOptions.includes(String(path.at(-1)))) return '';
  const secret =
    secretOptions.length === 0 ? '' : ` ({ env } and { file } are only for ${secretOptions.join(', ')})`;
  return `${secret}; write "\${NAME}" to take it from the environment`;
}

function refuse(
  problems: readonly Problem[],
  secrets: readonly string[],
  { section, name }: OptionsOwner,
  config: Pick<Config, 'placeOf'>,
): void {
  if (problems.length === 0) return;
  const whose = `the ${NOUNS[section]} "${name}"`;
  const lines = problems.map(
    ({ path, at, text }) => `${config.placeOf([section, name, ...path], at)}: ${hideSecrets(text, secrets)}`,
  );
  throw new QuackupError(
    'CONFIG_INVALID',
    lines.length === 1 ? lines.join('') : [`${whose} has ${lines.length} problems`, ...lines].join('\n  '),
    { hint: `correct the options of ${whose}` },
  );
}
