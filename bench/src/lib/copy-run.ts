/** One backup and one restore by one tool, measured and checked. */
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';

import type { BenchDatabase } from '@quackup/fixtures';

import { compareFiles } from './compare-files.ts';
import { bytesIn, findFile, warm } from './files.ts';
import { measure, type Usage } from './measure.ts';
import { programEnvironment } from './program-environment.ts';
import { runProcess } from './run-process.ts';
import type { Place, Step, Tool } from './tools.ts';
import type { WorkFolder } from './work-folder.ts';

/** What a step took, and how long the disk then had to write what the tool had left in memory. */
export interface StepUsage extends Usage {
  readonly flushSeconds: number;
}

export interface CopyRun {
  readonly backup: StepUsage;
  readonly restore: StepUsage;
  readonly storedBytes: number;
}

export interface RunSetting {
  readonly work: WorkFolder;
  readonly timeProgram: string;
  readonly limitSeconds: number;
  readonly signal: AbortSignal;
}

/**
 * Runs a tool with a new destination. Source and backup are in the page cache when they are read, and nothing waits to be
 * written when a step begins. What is restored is compared with the source.
 *
 * @param inspect Called with the path of the restored database before it is removed.
 * @throws Error if the tool fails, or what it restored is not what was backed up.
 */
export async function runCopy(
  tool: Tool,
  database: BenchDatabase,
  setting: RunSetting,
  inspect?: (restored: string) => Promise<void>,
): Promise<CopyRun> {
  const { work } = setting;
  const [store, restored, home] = [
    await work.folder('store'),
    await work.folder('restored'),
    await work.folder('home'),
  ];
  const place: Place = { database: database.path, store, restored, home };
  try {
    if (tool.prepare !== undefined) await runStep(tool, tool.prepare(place), place, setting);
    await warm(database.path);
    const backup = await runStep(tool, tool.backup(place), place, setting);
    await warm(store);
    const restore = await runStep(tool, tool.restore(place), place, setting);
    const copy = await findFile(restored, basename(database.path));
    await checkCopy(tool, database, copy);
    await inspect?.(copy);
    return { backup, restore, storedBytes: await bytesIn(store) };
  } finally {
    for (const folder of [store, restored, home]) await rm(folder, { recursive: true, force: true });
  }
}

async function runStep(
  tool: Tool,
  { cwd, stages }: Step,
  place: Place,
  setting: RunSetting,
): Promise<StepUsage> {
  const { work, timeProgram, limitSeconds, signal } = setting;
  const env = programEnvironment(place, work.path, tool.env(place));
  const options = { cwd, env, limitSeconds, signal };
  const flush = (): Promise<{ readonly wallSeconds: number }> =>
    runProcess('sync', ['-f', work.path], { ...options, cwd: work.path });
  await flush();
  const usage = await measure(stages, { ...options, timeProgram, scratch: work.path });
  return { ...usage, flushSeconds: (await flush()).wallSeconds };
}

async function checkCopy(tool: Tool, database: BenchDatabase, copy: string): Promise<void> {
  const { zeroedBytes, wrongAt } = await compareFiles(database.path, copy);
  if (wrongAt !== undefined) throw new Error(`${tool.title} restored something else at byte ${wrongAt}`);
  const mayBeZero = tool.leavesFreeBlocksOut ? database.freeBytes : 0;
  if (zeroedBytes > mayBeZero) {
    throw new Error(`${tool.title} restored ${zeroedBytes} bytes as zeros; only ${mayBeZero} are free`);
  }
}
