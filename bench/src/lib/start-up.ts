/** How long the command line takes to answer where there is next to nothing to do. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { RunSetting } from './copy-run.ts';
import type { Stage } from './measure.ts';
import { programEnvironment } from './program-environment.ts';
import { runProcess } from './run-process.ts';

export interface StartUpSetting extends RunSetting {
  /** How often each command is started and timed. */
  readonly starts: number;
}

export interface StartUp {
  readonly title: string;
  /** What we want the median to stay under. Absent: only there to compare with. */
  readonly goalMs?: number;
  readonly runsMs: readonly number[];
}

const WARM_UPS = 3;

/** `--help`, and a Node program that does nothing: no program on Node can be faster than that. */
export async function measureHelp(quackup: Stage, setting: StartUpSetting): Promise<StartUp[]> {
  const empty: Stage = [process.execPath, '-e', '0'];
  return [
    { title: 'node -e 0 (the floor)', runsMs: await timeRuns(empty, setting.work.path, setting) },
    {
      title: 'quackup --help',
      goalMs: 150,
      runsMs: await timeRuns([...quackup, '--help'], setting.work.path, setting),
    },
  ];
}

/** `list` of a folder with many backups, each made from `database` by Quackup itself. */
export async function measureList(
  quackup: Stage,
  database: string,
  backups: number,
  setting: StartUpSetting,
): Promise<StartUp[]> {
  const cwd = await setting.work.folder('list');
  const script = fileURLToPath(new URL('../child/fill-folder.ts', import.meta.url));
  const options = optionsIn(cwd, setting);
  await runProcess(process.execPath, [script, database, join(cwd, 'backups'), String(backups)], options);
  await runProcess('sync', ['-f', cwd], options);
  const list: Stage = [...quackup, 'list', '--quiet'];
  const [command, ...args] = list;
  const { stdout } = await runProcess(command, args, options);
  const complete = stdout.split('\n').filter((line) => line.endsWith('complete')).length;
  // Only the end of a long output is kept; a list that is empty or damaged would be quick for no good reason.
  if (complete < Math.min(backups, 50)) throw new Error(`quackup list shows ${complete} complete backups`);
  return [
    {
      title: `quackup list, ${backups.toLocaleString('en')} backups`,
      goalMs: 1000,
      runsMs: await timeRuns(list, cwd, setting),
    },
  ];
}

async function timeRuns(stage: Stage, cwd: string, setting: StartUpSetting): Promise<number[]> {
  const [command, ...args] = stage;
  const runs: number[] = [];
  for (let run = 0; run < WARM_UPS + setting.starts; run += 1) {
    const { wallSeconds } = await runProcess(command, args, optionsIn(cwd, setting));
    if (run >= WARM_UPS) runs.push(wallSeconds * 1000);
  }
  return runs;
}

function optionsIn(
  cwd: string,
  { work, limitSeconds, signal }: RunSetting,
): Parameters<typeof runProcess>[2] {
  return { cwd, env: programEnvironment({ home: cwd }, work.path), limitSeconds, signal };
}
