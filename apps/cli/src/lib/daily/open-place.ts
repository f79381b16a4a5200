import { join } from 'node:path';

import { acquireProcessLock, QuackupError } from '@quackup/core';

import { RunLog } from '../log/run-log.ts';
import { beginRun } from '../state/begin-run.ts';
import { openStateFolder } from '../state/state-folder.ts';
import type { RunFacts } from './conclude-run.ts';

/** What a run holds as long as it lasts. */
export interface RunPlace extends AsyncDisposable {
  readonly log: RunLog;
}

/**
 * The state folder, the lock on it, and the log; a schedule counts the run from now on.
 *
 * @param isStillDue Asked once no other run is at work.
 * @returns undefined if there is nothing to do any more.
 * @throws LEASE_HELD if another run is at work.
 * @throws STATE_FAILED, CONFIG_INVALID if the folder or the log cannot be written.
 */
export async function openPlace(
  { config, context, runId }: RunFacts,
  format: 'text' | 'json' | undefined,
  isStillDue: () => Promise<boolean>,
): Promise<RunPlace | undefined> {
  const { env, now } = context.io;
  await using stack = new AsyncDisposableStack();
  const stateFolder = await written(() => openStateFolder(config.path, env));
  stack.use(await written(() => acquireProcessLock(join(stateFolder, 'daily.lock'), 'quackup daily')));
  if (!(await isStillDue())) return undefined;
  stack.use(await written(() => beginRun(stateFolder, context.io)));
  const { file = join(stateFolder, 'quackup.log'), maxMegabytes, keep } = config.log;
  const options = { file, maxMegabytes, keep, runId, now, format: format ?? config.log.format };
  const log = stack.use(await openLog(options));
  const kept = stack.move();
  return { log, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function written<Result>(write: () => Promise<Result>): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof QuackupError) throw error;
    throw new QuackupError(
      'STATE_FAILED',
      `the folder for locks and logs cannot be written: ${(error as Error).message}; nothing was done`,
      { cause: error, hint: 'make room, or name another with the environment variable XDG_STATE_HOME' },
    );
  }
}

async function openLog(options: Parameters<typeof RunLog.open>[0]): Promise<RunLog> {
  try {
    return await RunLog.open(options);
  } catch (error) {
    throw new QuackupError(
      'CONFIG_INVALID',
      `the log file ${options.file} cannot be written: ${(error as Error).message}; nothing was done`,
      { cause: error, hint: 'name another one with log: { file: PATH } in the configuration' },
    );
  }
}
