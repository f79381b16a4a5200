import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Attempt } from '../summary.ts';
import { Actor } from './actor.ts';
import { Gates } from './gates.ts';
import type { ReadingEnd } from './reading.ts';
import { Stage } from './stage.ts';
import type { Story } from './stories.ts';
import { checkTables, type Commits, makeTables, ROWS } from './tables.ts';

export interface PlayOptions {
  /** Entry of the engine's package, 1.5. */
  readonly engine: string;
  /** Rules that are dropped: see ../rules.ts. */
  readonly without: readonly string[];
  readonly waitMs: number;
  /** For the database and its copy. */
  readonly folder: string;
}

/** Plays a story on a database of its own, and checks the copy. */
export async function play(story: Story, options: PlayOptions): Promise<Attempt> {
  const folder = await mkdtemp(join(options.folder, 'story-'));
  try {
    const to = join(folder, 'copy.duckdb');
    const { end, commits } = await act(story, folder, to, options);
    const base = { engine: '1.5', storage: 'default', scenario: story.name };
    if (end.said === 'not accepted') {
      return { ...base, ms: end.ms, passes: 0, readRatio: 0, outcome: 'given up', wrong: [end.reason] };
    }
    const wrong = await checkTwice(to, story.rows ?? ROWS, commits, options.engine);
    return { ...base, ...end.copy, outcome: wrong.length === 0 ? 'good' : 'bad', wrong };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function act(
  story: Story,
  folder: string,
  to: string,
  { engine, without, waitMs }: PlayOptions,
): Promise<{ readonly end: ReadingEnd; readonly commits: Commits }> {
  const path = join(folder, 'live.duckdb');
  const gateFolder = join(folder, 'gates');
  await mkdir(gateFolder);
  using gates = new Gates(gateFolder);
  await using actor = new Actor(path, { engine, blockSize: story.blockSize, env: gates.env });
  const isUnguarded = without.includes(story.rule);
  const stage = new Stage(actor, gates, { path, folder, to, waitMs, without, isUnguarded });
  await stage.sql('a', ...makeTables(story.rows ?? ROWS));
  await story.play(stage);
  if (stage.reading === undefined) throw new Error(`the story "${story.name}" takes no copy`);
  await using reading = stage.reading;
  return { end: await reading.ended, commits: stage.commits };
}

/** Once as it is, and once more after the WAL was folded into the file and the file was opened anew. */
async function checkTwice(path: string, rows: number, commits: Commits, engine: string): Promise<string[]> {
  const wrong: string[] = [];
  for (const time of ['', 'after a checkpoint: ']) {
    await using actor = new Actor(path, { engine });
    try {
      wrong.push(...(await checkTables(actor, rows, commits)).map((each) => `${time}${each}`));
      await actor.sql('check', 'CHECKPOINT');
    } catch (error) {
      wrong.push(`${time}it does not open or read: ${(error as Error).message}`);
    }
  }
  return wrong;
}
