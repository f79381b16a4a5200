import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { parseBytes } from './parse-bytes.ts';
import { TOOL_IDS, type ToolId } from './tools.ts';

export const PARTS = ['backup', 'restore', 'startup', 'list'] as const;
export type Part = (typeof PARTS)[number];

export interface Options {
  /** Least size of the database. */
  readonly bytes: number;
  readonly rounds: number;
  readonly only: ReadonlySet<Part>;
  /** Ids of tools; absent: all that are not extra. */
  readonly tools: ReadonlySet<ToolId> | undefined;
  /** How often a command is started, after three times that do not count. */
  readonly starts: number;
  /** Backups in the folder that is listed. */
  readonly backups: number;
  /** Folder that keeps the database from one benchmark to the next, and that all work is done below. */
  readonly dir: string;
  /** File for the results as JSON. */
  readonly json: string | undefined;
  /** Whether to put the tables into bench/README.md. */
  readonly write: boolean;
}

export const USAGE: string = `usage: npm run bench -- [options]

  --bytes SIZE     least size of the database (default 1100MB)
  --rounds N       how often each tool runs (default 5)
  --only LIST      some of backup,restore,startup,list (default all)
  --tools LIST     some of ${TOOL_IDS.join(',')} (default all but tar-pigz)
  --starts N       how often each command is started for its start-up time (default 20)
  --backups N      backups in the folder that is listed (default 1000)
  --dir FOLDER     keeps the database there, and works there (default: below the system's temporary folder)
  --json FILE      also writes every single figure to a file
  --write          puts the tables into bench/README.md
`;

/** The command line is wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** @throws UsageError if an option is unknown or its value is none. */
export function parseOptions(args: readonly string[], cwd: string): Options {
  const values = parse(args);
  const tools = wordsFrom('--tools', values.tools, TOOL_IDS);
  return {
    bytes: bytesFrom(values.bytes ?? '1100MB'),
    rounds: countFrom('--rounds', values.rounds ?? '5'),
    only: new Set(wordsFrom('--only', values.only, PARTS) ?? PARTS),
    tools: tools === undefined ? undefined : new Set(tools),
    starts: countFrom('--starts', values.starts ?? '20'),
    backups: countFrom('--backups', values.backups ?? '1000'),
    dir: values.dir === undefined ? join(tmpdir(), 'quackup-bench') : resolve(cwd, values.dir),
    json: values.json === undefined ? undefined : resolve(cwd, values.json),
    write: values.write ?? false,
  };
}

function parse(args: readonly string[]): ReturnType<typeof parseRaw> {
  try {
    return parseRaw(args);
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

interface RawOptions {
  readonly bytes?: string;
  readonly rounds?: string;
  readonly only?: string;
  readonly tools?: string;
  readonly starts?: string;
  readonly backups?: string;
  readonly dir?: string;
  readonly json?: string;
  readonly write?: boolean;
}

function parseRaw(args: readonly string[]): RawOptions {
  const text = { type: 'string' } as const;
  return parseArgs({
    args: [...args],
    options: {
      bytes: text,
      rounds: text,
      only: text,
      tools: text,
      starts: text,
      backups: text,
      dir: text,
      json: text,
      write: { type: 'boolean' },
    },
  }).values;
}

function bytesFrom(text: string): number {
  const bytes = parseBytes(text);
  if (bytes === undefined) throw new UsageError(`--bytes ${text} is not a size such as 1100MB`);
  return bytes;
}

function countFrom(option: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new UsageError(`${option} ${text} is not a number from 1 up`);
  return Number(text);
}

function wordsFrom<Word extends string>(
  option: string,
  text: string | undefined,
  known: readonly Word[],
): Word[] | undefined {
  return text?.split(',').map((word) => {
    const found = known.find((candidate) => candidate === word);
    if (found === undefined) throw new UsageError(`${option} ${word}: not one of ${known.join(', ')}`);
    return found;
  });
}
