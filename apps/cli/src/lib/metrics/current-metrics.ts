import { readHistory } from '../history/history-file.ts';
import { VERSION } from '../version.ts';
import { renderMetrics } from './render-metrics.ts';

/**
 * The metrics of a configuration as they are now, for `/metrics`: `text/plain; version=0.0.4; charset=utf-8`. Reads one small
 * file, and asks no target.
 *
 * @param stateFolder See `stateFolder()`.
 * @throws Error if the history is there and cannot be read.
 */
export async function currentMetrics(stateFolder: string, now: Date): Promise<string> {
  return renderMetrics(await readHistory(stateFolder), { version: VERSION, now });
}
