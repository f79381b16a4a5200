import type { CliIo } from '../cli-io.ts';
import { readRunState, whenBegun, whenEnded, writeRunState } from './run-record.ts';

/**
 * Notes that a run begins. Disposed of it has ended, well or not: a schedule counts it, unless the run was interrupted. Then it is
 * made up for like one that was cut off.
 */
export async function beginRun(
  stateFolder: string,
  { now, signal }: Pick<CliIo, 'now' | 'signal'>,
): Promise<AsyncDisposable> {
  const state = whenBegun(await readRunState(stateFolder), now());
  await writeRunState(stateFolder, state);
  return {
    [Symbol.asyncDispose]: async () => {
      if (!signal.aborted) await writeRunState(stateFolder, whenEnded(state));
    },
  };
}
