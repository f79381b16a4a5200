import * as z from 'zod';

import { NO_HISTORY, type RunHistory } from './run-history.ts';

const time = z.iso.datetime();
const count = z.number().min(0);
const part = z.object({ name: z.string(), ok: z.boolean() });

const historySchema: z.ZodType<RunHistory> = z.object({
  version: z.literal(1),
  runs: z.object({ success: count, warning: count, failure: count }),
  lastSuccessAt: time.nullable(),
  notifierFailures: z.record(z.string(), count),
  last: z
    .object({
      runId: z.string(),
      startedAt: time,
      durationMs: count,
      outcome: z.enum(['success', 'warning', 'failure']),
      backup: z.string().nullable(),
      kind: z.enum(['full', 'incremental']).nullable(),
      readBytes: count,
      storedBytes: count,
      reusedBytes: count,
      databases: z.array(part),
      targets: z.array(
        part.extend({
          lastGood: z.string().nullable(),
          lastGoodAt: time.nullable(),
          backups: count,
          storedBytes: count,
          scannedAt: time.nullable(),
        }),
      ),
      verified: z.array(
        z.object({
          target: z.string(),
          level: z.enum(['archive', 'blocks', 'scan']),
          ok: z.boolean(),
          problems: count,
          durationMs: count,
        }),
      ),
      problems: z.array(
        z.object({
          severity: z.enum(['failure', 'warning']),
          subject: z.string(),
          code: z.string(),
          message: z.string(),
        }),
      ),
    })
    .nullable(),
});

/** Reads a history. A missing, damaged or newer one is an empty one: counters begin again, as monitors expect of counters. */
export function parseHistory(text: string | undefined): RunHistory {
  if (text === undefined) return NO_HISTORY;
  try {
    return historySchema.parse(JSON.parse(text));
  } catch {
    // Nothing that is needed to restore is in it.
    return NO_HISTORY;
  }
}
