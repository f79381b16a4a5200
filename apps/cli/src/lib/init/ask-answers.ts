import { Writable } from 'node:stream';

import { QuackupError } from '@quackup/core';
import { parseTiming } from '@quackup/schedule';

import type { CliInput, CliOutput } from '../cli-io.ts';
import type { CommandContext } from '../command-context.ts';
import type { ConfigAnswers } from '../config/format-config.ts';
import { bytes, visible } from '../render/format.ts';
import { findDatabases, type FoundDatabase } from './find-databases.ts';

/** What is offered if nobody says otherwise: a time at which most machines are on and few people work. */
const NIGHTLY = '02:00';

/**
 * Asks what `init` has to know.
 *
 * @param given What is offered.
 * @throws USAGE if there is nobody to ask.
 * @throws INTERRUPTED if they end it with Ctrl-C: nothing has been written then.
 */
export async function askAnswers(context: CommandContext, given: ConfigAnswers): Promise<ConfigAnswers> {
  const { io, options } = context;
  if (io.stdin.isTTY !== true || options.json) {
    throw new QuackupError('USAGE', 'there is nobody to ask', {
      hint: 'quackup init --yes, with options for what should differ',
    });
  }
  try {
    return await ask(context, given, await findDatabases(io.cwd));
  } catch (error) {
    if ((error as Error).name !== 'ExitPromptError') throw error;
    throw new QuackupError('INTERRUPTED', 'no configuration was written', {
      cause: error,
      hint: 'run quackup init again, or quackup init --yes, which asks nothing',
    });
  }
}

async function ask(
  { io }: CommandContext,
  given: ConfigAnswers,
  found: readonly FoundDatabase[],
): Promise<ConfigAnswers> {
  const { checkbox, input, number } = await import('@inquirer/prompts');
  const how = (): { signal: AbortSignal; input: CliInput; output: Writable } => ({
    signal: io.signal,
    input: io.stdin,
    output: showingOn(io.stderr),
  });
  const chosen =
    found.length === 0
      ? []
      : await checkbox(
          {
            message: 'Which of these are to be backed up?',
            choices: found.map(({ path, sizeBytes }) => ({
              name: `${visible(path)} (${bytes(sizeBytes)})`,
              value: path,
              checked: true,
            })),
          },
          how(),
        );
  const typed = await input(
    {
      message:
        chosen.length > 0
          ? 'Any others? A path or a glob such as data/**/*.db (empty: none)'
          : 'Database to back up: a path or a glob such as data/**/*.db',
      ...(chosen.length === 0 && { default: given.databases[0] ?? '*.duckdb' }),
    },
    how(),
  );
  const backups = await input({ message: 'Folder for the backups', default: given.backups }, how());
  const keepDays = await number(
    { message: 'Keep backups for how many days?', default: given.keepDays, min: 1, max: 36_500 },
    how(),
  );
  const at = await input(
    {
      message: 'Back up every day at (HH:MM, or no)',
      default: given.at ?? NIGHTLY,
      validate: (text) => text.trim() === 'no' || isTime(text.trim()) || 'Write it as 02:00, or no.',
    },
    how(),
  );
  const databases = [...chosen, ...(typed.trim() === '' ? [] : [typed.trim()])];
  const { at: _offered, ...rest } = given;
  return {
    ...rest,
    databases,
    backups,
    keepDays: keepDays ?? given.keepDays,
    ...(at.trim() !== 'no' && { at: at.trim() }),
  };
}

/** A stream of its own for each question: at its end a question ends the stream that it is shown on. */
function showingOn(output: CliOutput): Writable {
  const shown = new Writable({
    write: (piece: Buffer, _encoding, done) => {
      output.write(piece);
      done();
    },
  });
  return Object.assign(shown, { isTTY: output.isTTY === true, columns: output.columns ?? 80 });
}

/** Whether it is a time of day as `schedule: { at }` takes it. */
export function isTime(text: string): boolean {
  try {
    parseTiming({ at: text });
    return true;
  } catch {
    return false;
  }
}
