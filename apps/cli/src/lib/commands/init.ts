import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { parseConfig, QuackupError } from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { CONFIG_FILE } from '../config/find-config.ts';
import { type ConfigAnswers, formatConfig } from '../config/format-config.ts';

export interface InitInput {
  readonly yes: boolean;
  readonly database: readonly string[];
  readonly backups: string;
  readonly keepDays: number;
  readonly minCount: number;
}

export async function init(context: CommandContext, input: InitInput): Promise<number> {
  const { io, options } = context;
  const path = resolve(io.cwd, options.config ?? CONFIG_FILE);
  const given: ConfigAnswers = {
    databases: input.database.length > 0 ? input.database : ['*.duckdb'],
    backups: input.backups,
    keepDays: input.keepDays,
    minCount: input.minCount,
  };
  const text = formatConfig(input.yes ? given : await ask(context, given));
  // What is written must load again, or nothing is written.
  parseConfig(text, { path, env: io.env });
  try {
    await writeFile(path, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new QuackupError('CONFIG_INVALID', `${path} exists already; it was not touched`, {
      cause: error,
      hint: 'edit it, or write another one with --config FILE',
    });
  }
  context.report({ config: path }, [`wrote ${path}`, 'next: quackup backup'], true);
  return 0;
}

async function ask({ io, options }: CommandContext, given: ConfigAnswers): Promise<ConfigAnswers> {
  if (io.stdin.isTTY !== true || options.json) {
    throw new QuackupError('USAGE', 'there is nobody to ask', {
      hint: 'quackup init --yes, with options for what should differ',
    });
  }
  const { input, number } = await import('@inquirer/prompts');
  const signal = { signal: io.signal };
  const databases = await input(
    {
      message: 'Databases to back up (paths or globs, separated by spaces)',
      default: given.databases.join(' '),
    },
    signal,
  );
  const backups = await input({ message: 'Folder for the backups', default: given.backups }, signal);
  const keepDays = await number(
    { message: 'Keep backups for how many days?', default: given.keepDays, min: 1 },
    signal,
  );
  return {
    ...given,
    databases: databases.split(/\s+/).filter((part) => part !== ''),
    backups,
    keepDays: keepDays ?? given.keepDays,
  };
}
