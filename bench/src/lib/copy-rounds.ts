/** All tools side by side, round by round. */
import { isDeepStrictEqual } from 'node:util';
import { fileURLToPath } from 'node:url';

import type { BenchDatabase } from '@quackup/fixtures';

import { type CopyRun, runCopy, type RunSetting } from './copy-run.ts';
import { programEnvironment } from './program-environment.ts';
import { orderOfRound } from './rounds.ts';
import { runProcess } from './run-process.ts';
import type { Tool, ToolId } from './tools.ts';

/** A tool and its runs, one for each round. */
export interface ToolRuns {
  readonly id: ToolId;
  readonly title: string;
  readonly syncs: Tool['syncs'];
  readonly runs: readonly CopyRun[];
}

export interface CopyRoundsOptions extends RunSetting {
  readonly rounds: number;
  /** Called with a line about each run. */
  readonly say: (line: string) => void;
}

/**
 * Runs every tool in every round. Before that each runs once with a small database, unmeasured: programs and their caches
 * are then where they are for somebody who uses them daily, and a tool that does not work is noticed at once. In the
 * first round DuckDB reads what was restored: every column of every row must be as in the source.
 */
export async function runCopyRounds(
  tools: readonly Tool[],
  database: BenchDatabase,
  small: BenchDatabase,
  options: CopyRoundsOptions,
): Promise<ToolRuns[]> {
  const { rounds, say } = options;
  for (const tool of tools) await runCopy(tool, small, options);
  const expected = await summarize(database.path, options);
  const inspect = async (restored: string): Promise<void> => {
    if (!isDeepStrictEqual(await summarize(restored, options), expected)) {
      throw new Error(`${restored} has other rows than the source`);
    }
  };
  const runs = new Map<ToolId, CopyRun[]>(tools.map(({ id }) => [id, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const tool of orderOfRound(tools, round)) {
      const run = await runCopy(tool, database, options, round === 0 ? inspect : undefined);
      runs.get(tool.id)?.push(run);
      const [backup, restore] = [run.backup, run.restore].map(({ wallSeconds }) => wallSeconds.toFixed(2));
      say(`round ${round + 1}/${rounds}  ${tool.title}: backup ${backup} s, restore ${restore} s`);
    }
  }
  return tools.map(({ id, title, syncs }) => ({ id, title, syncs, runs: runs.get(id) ?? [] }));
}

/** Rows and a checksum of every table, by DuckDB. */
async function summarize(path: string, { work, limitSeconds, signal }: RunSetting): Promise<unknown> {
  const script = fileURLToPath(new URL('../child/summarize-database.ts', import.meta.url));
  const env = programEnvironment({ home: work.path }, work.path);
  const { stdout } = await runProcess(process.execPath, [script, path], {
    cwd: work.path,
    env,
    limitSeconds,
    signal,
  });
  return JSON.parse(stdout);
}
