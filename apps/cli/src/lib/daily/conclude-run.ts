import type { Config, DailyReport } from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { addNotifierFailures, addRun } from '../history/add-run.ts';
import { changeHistory } from '../history/change-history.ts';
import type { RunRecord } from '../history/run-history.ts';
import type { RunLog } from '../log/run-log.ts';
import type { Messenger, NotifierResult } from '../notify/messenger.ts';
import { dailyEvent, eventTitle } from '../notify/daily-event.ts';
import { wasTried } from '../notify/was-tried.ts';

/** Whoever ends a run by hand does not wait long, and a machine that goes down does not either, milliseconds. */
const INTERRUPTED_TIMEOUT_MS = 5_000;

export interface RunFacts {
  readonly context: CommandContext;
  readonly config: Config;
  readonly runId: string;
  readonly host: string;
  readonly stateFolder: string;
  /** Absent if the run ended before there was one. */
  readonly log?: RunLog;
  /** Absent if nobody is to be told. */
  readonly messenger: Messenger | undefined;
}

/**
 * After a run: history and metrics, then those who are to be told. Nothing in here fails the run; what goes wrong is logged and
 * counted.
 *
 * @param begun Whether the run came to its databases and targets.
 */
export async function concludeRun(
  facts: RunFacts,
  report: DailyReport,
  { begun }: { readonly begun: boolean },
): Promise<readonly NotifierResult[]> {
  const { config, runId, stateFolder, messenger } = facts;
  const place = { stateFolder, metrics: config.metrics };
  const { history, problems } = await changeHistory(place, (before) => addRun(before, runId, report));
  for (const problem of problems) warn(facts, problem);
  if (messenger === undefined || history.last === null) return [];
  const { results, problem } = await tell(facts, messenger, report, { begun, record: history.last });
  for (const { channel, ok, error = '', warning } of results) {
    if (!ok) warn(facts, `the channel "${channel}" failed: ${error}`);
    else if (warning !== undefined) warn(facts, `the channel "${channel}" is in trouble: ${warning}`);
  }
  if (problem !== undefined) warn(facts, problem);
  const failed = results.flatMap(({ channel, ok }) => (ok ? [] : [channel]));
  // That the history cannot be written has been said by now.
  if (failed.length > 0) await changeHistory(place, (before) => addNotifierFailures(before, failed));
  return results;
}

function tell(
  { context, config, runId, host, stateFolder }: RunFacts,
  messenger: Messenger,
  report: DailyReport,
  { begun, record }: { readonly begun: boolean; readonly record: RunRecord },
): ReturnType<Messenger['end']> {
  const now = context.io.now();
  const event = dailyEvent(report, { runId, title: eventTitle(config.path), host, now, record });
  return messenger.end(event, {
    stateFolder,
    complete: wasTried(report, { begun }),
    now,
    ...(context.io.signal.aborted && { timeoutMs: INTERRUPTED_TIMEOUT_MS }),
  });
}

function warn({ context, log }: RunFacts, text: string): void {
  context.warn(text);
  log?.write('warning', text);
}
