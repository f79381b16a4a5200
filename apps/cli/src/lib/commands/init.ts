import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { type Config, parseConfig, QuackupError, resolveDatabases } from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { CONFIG_FILE } from '../config/find-config.ts';
import { type ConfigAnswers, formatConfig } from '../config/format-config.ts';
import { askAnswers, isTime } from '../init/ask-answers.ts';

export interface InitInput {
  readonly yes: boolean;
  readonly database: readonly string[];
  readonly backups: string;
  readonly keepDays: number;
  readonly minCount: number;
  readonly at?: string;
}

export async function init(context: CommandContext, input: InitInput): Promise<number> {
  const { io, options } = context;
  const path = resolve(io.cwd, options.config ?? CONFIG_FILE);
  if (input.at !== undefined && !isTime(input.at)) {
    throw new QuackupError('USAGE', `--at: "${input.at}" is not a time of day`, {
      hint: 'write it as 02:00',
    });
  }
  const given: ConfigAnswers = {
    databases: input.database.length > 0 ? input.database : ['*.duckdb'],
    backups: input.backups,
    keepDays: input.keepDays,
    minCount: input.minCount,
    ...(input.at !== undefined && { at: input.at }),
  };
  const text = formatConfig(input.yes ? given : await askAnswers(context, given));
  // What is written must load again, and name databases that can be backed up together, or nothing is written.
  const config = parseConfig(text, { path, env: io.env });
  const { databases, warnings } = await resolveDatabases(config);
  try {
    await writeFile(path, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new QuackupError('CONFIG_INVALID', `${path} exists already; it was not touched`, {
      cause: error,
      hint: 'edit it, or write another one with --config FILE',
    });
  }
  for (const warning of warnings) context.warn(warning);
  const count = `${databases.length} database${databases.length === 1 ? '' : 's'}`;
  context.report({ config: path }, [`wrote ${path} (${count} now)`, ...nextSteps(config)], true);
  return 0;
}

function nextSteps({ schedule }: Config): string[] {
  return [
    'next: quackup backup              the first one, now',
    ...(schedule === undefined ? [] : ['      quackup schedule install    from then on by itself']),
    '      quackup doctor              whether all is well',
  ];
}
