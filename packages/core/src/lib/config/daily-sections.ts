/** The sections of the configuration that only `daily` reads: hooks, notifications, metrics, alarms. */
import * as z from 'zod';

import { durationText } from './duration-text.ts';
import { MAX_DURATION_MS, MAX_PERIOD_MS, parseDuration } from './parse-duration.ts';

export interface RawDailySections {
  readonly metrics?: { readonly file?: string };
  readonly notifications?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly hooks?: {
    readonly before?: readonly string[];
    readonly after?: readonly string[];
    readonly onFailure?: readonly string[];
    readonly timeout?: string;
    readonly passEnv?: readonly string[];
  };
  readonly alarms?: {
    readonly tableVanished?: boolean;
    readonly tableShrankPercent?: number;
    readonly notGrownFor?: string;
  };
}

const metrics = z.strictObject({
  file: z
    .string()
    .regex(/\.prom$/, 'the collector reads only names that end in ".prom"')
    .exactOptional()
    .describe('Written after each `daily`, for the textfile collector of node_exporter. Default: none.'),
});

const CHANNEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const notifications = z
  .record(
    z.string().regex(CHANNEL_NAME, 'a name is letters, digits, ".", "_" and "-", 64 at most'),
    z
      .looseObject({
        type: z.enum(['email', 'webhook', 'healthcheck']),
        on: z
          .array(z.enum(['start', 'success', 'warning', 'failure', 'recovery']))
          .min(1)
          .exactOptional()
          .describe('What it is told of. Default: warning, failure, recovery; a healthcheck gets all.'),
      })
      .describe('Somebody, or a monitor, that `daily` tells how it went. Takes the options of its type.'),
  )
  .describe('Channels, by name.');

const command = (when: string): z.ZodExactOptional<z.ZodArray<z.ZodString>> =>
  z
    .array(z.string().refine((text) => !text.includes('\0'), 'holds a NUL character'))
    .min(1)
    .refine(([program]) => program !== '', 'the program has no name')
    .exactOptional()
    .describe(`${when} A list: the program and its arguments. No shell reads them.`);

const MAX_DURATION_DAYS = Math.floor(MAX_DURATION_MS / 86_400_000);

const hooks = z.strictObject({
  before: command('Run before `daily` backs up; if it fails, no backup is made.'),
  after: command('Run after each `daily` whose `before` was begun, however that ended.'),
  onFailure: command('Run after a `daily` that failed.'),
  timeout: durationText('"60s" or "5m"')
    .refine((text) => (parseDuration(text) ?? 0) > 0, `more than 0, and at most ${MAX_DURATION_DAYS} days`)
    .exactOptional()
    .describe('How long each may take; then it is ended, with all that it started. Default: "60s".'),
  passEnv: z
    .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is no name of an environment variable'))
    .exactOptional()
    .describe('Environment variables that they get besides PATH, HOME and the like.'),
});

const alarms = z
  .strictObject({
    tableVanished: z.boolean().exactOptional().describe('Warn if a table is gone. Default: false.'),
    tableShrankPercent: z
      .number()
      .min(0)
      .max(100)
      .exactOptional()
      .describe('Warn if a table lost more than this share of its rows or of its size. Default: never.'),
    notGrownFor: durationText('"7d"')
      .refine(
        (text) => parseDuration(text, MAX_PERIOD_MS) !== undefined,
        `at most ${MAX_PERIOD_MS / 86_400_000} days`,
      )
      .exactOptional()
      .describe('Warn if a database has no more rows than so long ago. Default: never.'),
  })
  .describe('What `daily` warns of when a scan has counted the rows.');

/** To be spread into the schema of the whole. */
export const dailySections: {
  readonly metrics: z.ZodExactOptional<typeof metrics>;
  readonly notifications: z.ZodExactOptional<typeof notifications>;
  readonly hooks: z.ZodExactOptional<typeof hooks>;
  readonly alarms: z.ZodExactOptional<typeof alarms>;
} = {
  metrics: metrics.exactOptional(),
  notifications: notifications.exactOptional(),
  hooks: hooks.exactOptional(),
  alarms: alarms.exactOptional(),
};
