import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { acquireProcessLock, type Config, EXIT, QuackupError } from '@quackup/core';
import { parseTiming } from '@quackup/schedule';

import type { CommandContext } from '../command-context.ts';
import { findConfig } from '../config/find-config.ts';
import { isRunDue } from '../schedule/is-run-due.ts';
import { findJitter, findTiming } from '../schedule/timing.ts';
import { openStateFolder, stateFolder } from '../state/state-folder.ts';
import { daily, type DailyInput } from './daily.ts';

export interface DailyIfDueInput extends DailyInput {
  /** A cron expression; `true`: that of the configuration. */
  readonly ifDue: string | true;
  readonly jitter?: string;
}

/**
 * `daily` for schedulers that do not make up for missed runs: does nothing if none is due, so it may be started often. Of
 * several at once one works, the others do nothing.
 *
 * @returns what {@link daily} does; 0 if there was nothing to do.
 */
export async function dailyIfDue(context: CommandContext, input: DailyIfDueInput): Promise<number> {
  if (input.ifOlder !== undefined) {
    throw new QuackupError('USAGE', '--if-due and --if-older exclude each other', {
      hint: 'use one of them',
    });
  }
  const config = await findConfig(context);
  const timing = findTiming(input.ifDue === true ? {} : { cron: input.ifDue }, config);
  if (timing === undefined) {
    throw new QuackupError('USAGE', '--if-due does not say when, and neither does the configuration', {
      hint: 'quackup daily --if-due "0 2 * * *", or add schedule: { at: "02:00" } to the configuration',
    });
  }
  const jitterMs = findJitter(input.jitter, config);
  const calendar = parseTiming(timing);
  const { env, random = Math.random, signal } = context.io;
  const isStillDue = (): Promise<boolean> =>
    isRunDue(context, config, calendar, stateFolder(config.path, env));
  // Before anything is written: most often there is nothing to do.
  if (!(await isStillDue())) return nothingToDo(context, 'no run was missed');
  try {
    await using _gate = await openGate(config, env);
    await wait(Math.floor(random() * jitterMs), undefined, { signal });
    return await daily(context, input, { config, isStillDue });
  } catch (error) {
    if (!(error instanceof QuackupError) || error.code !== 'LEASE_HELD') throw error;
    return nothingToDo(context, error.message);
  }
}

/**
 * Keeps others out while a run waits to begin and works.
 *
 * @returns undefined if the state folder cannot be written. `daily` will say so, and tell those who should know.
 * @throws LEASE_HELD
 */
async function openGate(config: Config, env: NodeJS.ProcessEnv): Promise<AsyncDisposable | undefined> {
  try {
    const folder = await openStateFolder(config.path, env);
    return await acquireProcessLock(join(folder, 'schedule.lock'), 'quackup daily --if-due');
  } catch (error) {
    if (error instanceof QuackupError) throw error;
    return undefined;
  }
}

function nothingToDo(context: CommandContext, why: string): number {
  context.report({ outcome: 'skipped' }, [`nothing to do: ${why}`], true);
  return EXIT.ok;
}
