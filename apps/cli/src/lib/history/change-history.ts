import type { Config } from '@quackup/core';

import { renderMetrics } from '../metrics/render-metrics.ts';
import { writeAtomically } from '../state/write-atomically.ts';
import { VERSION } from '../version.ts';
import { readHistory, writeHistory } from './history-file.ts';
import { NO_HISTORY, type RunHistory } from './run-history.ts';

/** Where a configuration's history and metrics are. */
export interface HistoryPlace {
  readonly stateFolder: string;
  readonly metrics: Config['metrics'];
}

/**
 * Changes the history, and writes the metrics file that shows it.
 *
 * @returns the history as it is now, and why one or the other could not be written, which is no reason for a run to fail.
 */
export async function changeHistory(
  { stateFolder, metrics }: HistoryPlace,
  change: (history: RunHistory) => RunHistory,
): Promise<{ readonly history: RunHistory; readonly problems: readonly string[] }> {
  const problems: string[] = [];
  const attempt = async (what: string, write: () => Promise<void>): Promise<void> => {
    try {
      await write();
    } catch (error) {
      problems.push(`${what} cannot be kept: ${(error as Error).message}`);
    }
  };
  let before = NO_HISTORY;
  await attempt(`the history in ${stateFolder}`, async () => {
    before = await readHistory(stateFolder);
  });
  const history = change(before);
  if (problems.length === 0) {
    await attempt(`the history in ${stateFolder}`, () => writeHistory(stateFolder, history));
  }
  const { file } = metrics;
  if (file !== undefined) {
    // For the collector, which is another user.
    const text = renderMetrics(history, { version: VERSION });
    await attempt(`the metrics file ${file}`, () => writeAtomically(file, text, { mode: 0o644 }));
  }
  return { history, problems };
}
