/** The benchmark from its options to its results. */
import { mkdir, realpath } from 'node:fs/promises';

import type { BenchDatabase } from '@quackup/fixtures';

import { benchDatabase } from './bench-database.ts';
import { runCopyRounds, type ToolRuns } from './copy-rounds.ts';
import { definedEnvironment } from './defined-environment.ts';
import { findGnuTime, findPython, findTools } from './find-programs.ts';
import { machineFacts } from './machine.ts';
import type { Options } from './options.ts';
import { quackupProgram } from './quackup-program.ts';
import type { BenchResults } from './results.ts';
import { measureHelp, measureList, type StartUp } from './start-up.ts';
import { toolTable } from './tools.ts';
import { workFolder } from './work-folder.ts';

/** Bytes of the database that every tool runs with once before it is measured, and that fills the folder to list. */
const SMALL_BYTES = 1_000_000;

/** No process may take longer than this, whatever the size, and a second more for each megabyte (gzip 9 does 15 a second). */
const LEAST_LIMIT_SECONDS = 600;

export interface BenchEdges {
  readonly signal: AbortSignal;
  readonly now: Date;
  /** Called with a line about what is being done. */
  readonly say: (line: string) => void;
}

/**
 * Runs what the options ask for. Everything it makes is below `options.dir`, and only databases stay there.
 *
 * @throws Error if a program fails, takes too long, or restores something else than it was given.
 */
export async function runBench(options: Options, { signal, now, say }: BenchEdges): Promise<BenchResults> {
  await mkdir(options.dir, { recursive: true });
  const dir = await realpath(options.dir);
  await using work = await workFolder(dir);
  const limitSeconds = LEAST_LIMIT_SECONDS + Math.ceil(options.bytes / 1e6);
  // For what is not measured: compilers, DuckDB, looking for programs.
  const aside = { cwd: work.path, env: definedEnvironment(), limitSeconds, signal };
  const timeProgram = await findGnuTime(aside);
  say('building quackup');
  const program = await quackupProgram(await work.folder('app'), aside);
  if (program.reason !== undefined) say(`quackup runs from its sources: ${program.reason}`);
  const python = await findPython(aside);
  const wanted = toolTable({ quackup: program.command, python }).filter((tool) =>
    options.tools === undefined ? tool.extra !== true : options.tools.has(tool.id),
  );
  const { found, versions, missing } = await findTools(wanted, aside);
  for (const { title, reason } of missing) say(`not measured: ${title}: ${reason}`);

  const setting = { work, timeProgram, limitSeconds, signal, starts: options.starts };
  const small = await benchDatabase(dir, SMALL_BYTES, aside);
  let database: BenchDatabase | undefined;
  let tools: readonly ToolRuns[] = [];
  if (options.only.has('backup') || options.only.has('restore')) {
    say(`database of ${(options.bytes / 1e6).toFixed(0)} MB in ${dir}`);
    database = await benchDatabase(dir, options.bytes, aside);
    tools = await runCopyRounds(found, database, small, { ...setting, rounds: options.rounds, say });
  }
  const startUp: StartUp[] = [];
  if (options.only.has('startup')) {
    say('start-up');
    startUp.push(...(await measureHelp(program.command, setting)));
  }
  if (options.only.has('list')) {
    say(`making ${options.backups} backups to list`);
    startUp.push(...(await measureList(program.command, small.path, options.backups, setting)));
  }
  return {
    startedAt: now.toISOString(),
    machine: await machineFacts(dir),
    quackup: {
      kind: program.kind,
      ...(program.reason !== undefined && { reason: program.reason }),
    },
    versions,
    missing,
    ...(database !== undefined && { database }),
    rounds: options.rounds,
    shown: { backup: options.only.has('backup'), restore: options.only.has('restore') },
    tools,
    startUp,
  };
}
