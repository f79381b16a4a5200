import * as z from 'zod';

import type { Compression, RetentionPolicy, TargetAccess, VerifyLevel } from '../api.ts';
import { type RawLimits, limitsSchema } from './limits-schema.ts';
import { dailySections, type RawDailySections } from './daily-sections.ts';
import { checkDatabaseName } from './database-names.ts';
import { MAX_PAUSE_WRITER_MS } from '../api.ts';
import { encryptionSchema, type RawEncryption } from './encryption-schema.ts';
import { durationText } from './duration-text.ts';
import { MAX_DURATION_MS, MAX_PERIOD_MS, parseDuration } from './parse-duration.ts';

const level = (algorithm: string, from: number, to: number): z.ZodExactOptional<z.ZodNumber> =>
  z
    .number()
    .int()
    .min(from)
    .max(to)
    .exactOptional()
    .describe(`${algorithm} level, ${from} (fastest) to ${to} (smallest)`);

const compression = z
  .discriminatedUnion('algorithm', [
    z.strictObject({ algorithm: z.literal('zstd'), level: level('zstd', 1, 22) }),
    z.strictObject({ algorithm: z.literal('gzip'), level: level('gzip', 1, 9) }),
    z.strictObject({ algorithm: z.literal('none') }),
  ])
  .describe('How archives are compressed. Default: zstd, level 3.');

const databasePath = z
  .string()
  .min(1)
  .describe('A file, or a glob (`data/**/*.duckdb`); relative to the configuration file.');

// Refinements add no keys to the JSON Schema, and, unlike checks after the schema, are told with everything else.
const databaseName = z.superRefine<string>((name, context) => {
  const problem = checkDatabaseName(name);
  if (problem !== undefined) context.addIssue(`the name ${JSON.stringify(name)} ${problem}`);
});

const database = z.union([
  databasePath,
  z.strictObject({
    path: databasePath,
    name: z
      .string()
      .check(databaseName)
      .exactOptional()
      .describe('Its name in the backup, where the file name will not do.'),
  }),
]);

const MAX_DURATION_DAYS = Math.floor(MAX_DURATION_MS / 86_400_000);

const TARGET_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const target = z
  .looseObject({
    type: z
      .string()
      .min(1)
      .describe(
        'A built-in type (`local`), the name of a package, or the path of a module (`./my-target.js`).',
      ),
    limits: limitsSchema.exactOptional(),
    access: z
      .enum(['full', 'append-only', 'write-only'])
      .exactOptional()
      .describe(
        'What may be done there. append-only: objects are put, read and listed, never replaced or deleted. write-only: new objects are put, nothing else. Default: full.',
      ),
  })
  .describe('A place that keeps backups. Besides `type` and `limits` it takes the options of that type.');

const count = (what: string): z.ZodExactOptional<z.ZodNumber> =>
  z.number().int().min(0).exactOptional().describe(what);

const retention = z
  .strictObject({
    keepDays: count('Keep everything younger than this many days.'),
    minCount: count('Keep at least this many complete backups, whatever the rules say.'),
    keepLast: count('Keep the newest backups, this many.'),
    keepHourly: count('Keep the newest backup of each of the last hours that have one, this many hours.'),
    keepDaily: count('Keep the newest backup of each of the last days that have one, this many days (UTC).'),
    keepWeekly: count(
      'Keep the newest backup of each of the last ISO weeks that have one, this many weeks (UTC).',
    ),
    keepMonthly: count(
      'Keep the newest backup of each of the last months that have one, this many months (UTC).',
    ),
    keepYearly: count(
      'Keep the newest backup of each of the last years that have one, this many years (UTC).',
    ),
  })
  .describe(
    'Which backups stay. Rules add up; 0 switches a rule off; no rule at all removes nothing. Default: keepDays 30, minCount 5.',
  );

const MAX_JITTER_MS = 86_400_000;

const schedule = z
  .strictObject({
    at: z
      .string()
      .regex(/^([01]?\d|2[0-3]):[0-5]\d$/, 'expected a time of day such as "02:00"')
      .exactOptional()
      .describe('Every day at this time: "02:00".'),
    cron: z
      .string()
      .min(1)
      .exactOptional()
      .describe('A cron expression of five fields, instead of `at`: "0 2 * * *".'),
    timeZone: z
      .string()
      .min(1)
      .exactOptional()
      .describe("IANA name of the time zone that these times are of: Europe/Berlin. Default: the machine's."),
    jitter: durationText('"5m"')
      .refine((text) => (parseDuration(text) ?? Infinity) <= MAX_JITTER_MS, 'at most 24h')
      .exactOptional()
      .describe(
        'A run begins up to this much later, at random, so that many machines do not begin at once. Default: "5m".',
      ),
  })
  .refine(
    ({ at, cron }) => (at === undefined) !== (cron === undefined),
    'expected `at` or `cron`, one of them',
  )
  .describe('When `quackup daemon` runs `daily`, and `quackup schedule install` has it run.');

/** What the schema lets through. */
export interface RawConfig extends RawDailySections {
  readonly $schema?: string;
  readonly databases?: readonly (string | { readonly path: string; readonly name?: string })[];
  readonly targets?: Readonly<
    Record<
      string,
      {
        readonly type: string;
        readonly access?: TargetAccess;
        readonly limits?: RawLimits;
        readonly [option: string]: unknown;
      }
    >
  >;
  readonly backup?: {
    readonly targets?: readonly string[];
    readonly compression?: Compression;
    readonly incremental?: boolean | { readonly fullEvery?: string };
    readonly wait?: string;
    readonly pauseWriter?: string;
    readonly sameMoment?: boolean;
    readonly tempDir?: string;
  };
  readonly encryption?: RawEncryption;
  readonly retention?: RetentionPolicy;
  readonly verify?: { readonly daily?: VerifyLevel; readonly scanEvery?: string };
  readonly schedule?: {
    readonly at?: string;
    readonly cron?: string;
    readonly timeZone?: string;
    readonly jitter?: string;
  };
  readonly log?: {
    readonly file?: string;
    readonly format?: 'text' | 'json';
    readonly maxMegabytes?: number;
    readonly keep?: number;
  };
}

/** The configuration file, after environment variables were replaced. Everything may be absent; nothing may be unknown. */
export const configSchema: z.ZodType<RawConfig> = z
  .strictObject({
    $schema: z.string().exactOptional().describe('For editors.'),
    databases: z.array(database).exactOptional().describe('The databases to back up.'),
    targets: z
      .record(
        z.string().regex(TARGET_NAME, 'a name is letters, digits, ".", "_" and "-", 64 at most'),
        target,
      )
      .exactOptional()
      .describe('The places that keep backups, by name.'),
    backup: z
      .strictObject({
        targets: z
          .array(z.string())
          .min(1)
          .exactOptional()
          .describe('Names of the targets that a backup is written to. Default: all.'),
        compression: compression.exactOptional(),
        incremental: z
          .union([
            z.boolean(),
            z.strictObject({
              fullEvery: durationText('"7d"')
                .refine(
                  (text) => parseDuration(text, MAX_PERIOD_MS) !== undefined,
                  `at most ${MAX_PERIOD_MS / 86_400_000} days`,
                )
                .exactOptional()
                .describe(
                  'Make a full backup when the oldest archive that is referred to is so old: "7d". Default: "30d".',
                ),
            }),
          ])
          .exactOptional()
          .describe(
            'Store only what changed since the last backup on the same target. Default: true; false makes every backup full.',
          ),
        wait: durationText('"120s", "5m" or "1h"')
          .refine((text) => parseDuration(text) !== undefined, `at most ${MAX_DURATION_DAYS} days`)
          .exactOptional()
          .describe('How long one database may take to come to rest: "120s", "5m". Default: "120s".'),
        pauseWriter: durationText('"200ms"')
          .refine(
            (text) => (parseDuration(text) ?? Infinity) <= MAX_PAUSE_WRITER_MS,
            `at most ${MAX_PAUSE_WRITER_MS / 1000}s`,
          )
          .exactOptional()
          .describe(
            'Stop the process that writes a database for at most this long at a time, if no copy comes to rest without: "200ms". Default: never.',
          ),
        sameMoment: z
          .boolean()
          .exactOptional()
          .describe('All databases of a backup are of one moment. Default: false, each has its own.'),
        tempDir: z
          .string()
          .min(1)
          .exactOptional()
          .describe("Folder for copies of databases that are being written. Default: the system's."),
      })
      .exactOptional(),
    encryption: encryptionSchema.exactOptional(),
    retention: retention.exactOptional(),
    schedule: schedule.exactOptional(),
    verify: z
      .strictObject({
        daily: z
          .enum(['archive', 'blocks', 'scan'])
          .exactOptional()
          .describe('How `daily` verifies what it has just written. Default: blocks.'),
        scanEvery: durationText('"7d"')
          .refine(
            (text) => parseDuration(text, MAX_PERIOD_MS) !== undefined,
            `at most ${MAX_PERIOD_MS / 86_400_000} days`,
          )
          .exactOptional()
          .describe(
            'How old the last scan on a target may be until `daily` restores a backup to a scratch folder and reads all of it: "7d". Default: "7d".',
          ),
      })
      .exactOptional(),
    log: z
      .strictObject({
        file: z
          .string()
          .min(1)
          .exactOptional()
          .describe("The log file of `daily`. Default: `quackup.log` in the user's state folder."),
        format: z
          .enum(['text', 'json'])
          .exactOptional()
          .describe('A line each, as text or as a JSON object. Default: text.'),
        maxMegabytes: z
          .number()
          .int()
          .min(1)
          .max(10_000)
          .exactOptional()
          .describe('A longer log file is moved aside. Default: 10.'),
        keep: z
          .number()
          .int()
          .min(1)
          .max(1000)
          .exactOptional()
          .describe('How many log files that were moved aside stay. Default: 5.'),
      })
      .exactOptional(),
    ...dailySections,
  })
  .describe('Configuration of Quackup: quackup.yaml');
