import * as z from 'zod';

import type { TargetLimits } from '../api.ts';
import { durationText } from './duration-text.ts';
import { MAX_DURATION_MS, parseDuration } from './parse-duration.ts';
import { MIN_RATE, parseRate, RATE_PATTERN } from './parse-rate.ts';

const MAX_DURATION_DAYS = Math.floor(MAX_DURATION_MS / 86_400_000);

const RATE_EXPECTED = 'expected bytes in a second, such as "10MB"';

const timeout = (what: string): z.ZodExactOptional<z.ZodString> =>
  durationText('"90s" or "5m"')
    .refine((text) => (parseDuration(text) ?? 0) >= 1000, `at least 1s, at most ${MAX_DURATION_DAYS} days`)
    .exactOptional()
    .describe(what);

const count = (what: string, from: number, to: number): z.ZodExactOptional<z.ZodNumber> =>
  z.number().int().min(from).max(to).exactOptional().describe(what);

/** `limits` of a target, as written. */
export interface RawLimits {
  readonly maxUploadRate?: string;
  readonly stallTimeout?: string;
  readonly requestTimeout?: string;
  readonly attempts?: number;
  readonly retryBudget?: number;
  readonly concurrency?: number;
}

export const limitsSchema: z.ZodType<RawLimits> = z
  .strictObject({
    maxUploadRate: z
      .string(RATE_EXPECTED)
      .regex(RATE_PATTERN, { error: RATE_EXPECTED, abort: true })
      .refine((text) => parseRate(text) !== undefined, `at least ${MIN_RATE / 1000}kB`)
      .exactOptional()
      .describe('Send no more than this in a second, on average: "10MB", "512KiB". Default: no limit.'),
    stallTimeout: timeout(
      'Give up when nothing moves for so long while data is read or written: "5m". Default: "5m".',
    ),
    requestTimeout: timeout(
      'Give up when a question (is it there, delete it, one page of a list) is not answered for so long: "2m". Default: "2m".',
    ),
    attempts: count('How often in a row a call may fail, the first time included. Default: 4.', 1, 20),
    retryBudget: count(
      'How many further tries all calls of a run have together, while few of them succeed. Default: 50.',
      0,
      10_000,
    ),
    concurrency: count(
      'Requests that read at a time. Each holds up to 4 MiB in memory. Default: 6, and 16 for manifests.',
      1,
      32,
    ),
  })
  .describe('How much patience the target gets, and how much it is asked to bear.');

/** The limits as core takes them. The schema has passed them. */
export function toLimits(raw: RawLimits): TargetLimits {
  const { maxUploadRate, stallTimeout, requestTimeout, ...counts } = raw;
  const rate = maxUploadRate === undefined ? undefined : parseRate(maxUploadRate);
  const stallMs = stallTimeout === undefined ? undefined : parseDuration(stallTimeout);
  const requestMs = requestTimeout === undefined ? undefined : parseDuration(requestTimeout);
  return {
    ...counts,
    ...(rate !== undefined && { maxUploadRate: rate }),
    ...(stallMs !== undefined && { stallMs }),
    ...(requestMs !== undefined && { requestMs }),
  };
}
