/** Backups into a bucket of a real S3 service on this machine, beside rclone and restic. Each round has a service of its own. */
import { copyFile, mkdir, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { startRgw } from '@quackup/s3-server';
import { makeBucket } from '@quackup/s3-server/buckets';

import { benchDatabase } from '../bench-database.ts';
import { compareFiles } from '../compare-files.ts';
import { definedEnvironment } from '../defined-environment.ts';
import { findFile, warm } from '../files.ts';
import { findGnuTime, findTools } from '../find-programs.ts';
import { type Machine, machineFacts } from '../machine.ts';
import { measure, type Stage, type Usage } from '../measure.ts';
import { programEnvironment } from '../program-environment.ts';
import { quackupProgram } from '../quackup-program.ts';
import { orderOfRound } from '../rounds.ts';
import type { BenchEdges } from '../run-bench.ts';
import { type ProcessOptions, runProcess } from '../run-process.ts';
import { type WorkFolder, workFolder } from '../work-folder.ts';
import {
  LIFE,
  lifeStage,
  type LifeStep,
  offsiteConfig,
  type OffsitePlace,
  type OffsiteStep,
  type OffsiteTool,
  offsiteTools,
  STEPS,
} from './steps.ts';

export interface OffsiteResults {
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly missing: readonly { readonly title: string; readonly reason: string }[];
  /** Processes that wanted a core in the minute before the first round, as the system averages them. */
  readonly loadBefore: number;
  readonly databaseBytes: number;
  readonly archiveBytes: number;
  readonly rounds: number;
  readonly steps: Readonly<
    Record<
      OffsiteStep,
      readonly { readonly id: string; readonly title: string; readonly runs: readonly Usage[] }[]
    >
  >;
  readonly life: Readonly<Record<LifeStep, readonly Usage[]>>;
}

interface Setting {
  readonly aside: ProcessOptions;
  readonly timeProgram: string;
  readonly work: WorkFolder;
  readonly say: BenchEdges['say'];
}

/** @throws Error if a program fails or takes too long, or what comes back is not what was sent. */
export async function runOffsite(
  options: { readonly bytes: number; readonly rounds: number; readonly dir: string },
  { signal, now, say }: BenchEdges,
): Promise<OffsiteResults> {
  await mkdir(options.dir, { recursive: true });
  const dir = await realpath(options.dir);
  await using work = await workFolder(dir);
  const [loadBefore = 0] = loadavg();
  const limitSeconds = 600 + Math.ceil(options.bytes / 1e6);
  const aside = { cwd: work.path, env: definedEnvironment(), limitSeconds, signal };
  const setting: Setting = { aside, timeProgram: await findGnuTime(aside), work, say };
  say('building quackup');
  const { command } = await quackupProgram(await work.folder('app'), aside);
  const { found, versions, missing } = await findTools(offsiteTools(command), aside);
  say(`database of ${(options.bytes / 1e6).toFixed(0)} MB`);
  const original = await benchDatabase(dir, options.bytes, aside);

  const steps = Object.fromEntries(
    STEPS.map((step) => [
      step,
      found.filter((tool) => tool.steps[step]).map(({ id, title }) => ({ id, title, runs: [] as Usage[] })),
    ]),
  ) as Record<OffsiteStep, { id: string; title: string; runs: Usage[] }[]>;
  const life = Object.fromEntries(LIFE.map((step) => [step, [] as Usage[]])) as Record<LifeStep, Usage[]>;
  let archiveBytes = 0;
  for (let round = 0; round < options.rounds; round += 1) {
    await using rgw = await startRgw();
    await makeBucket(rgw.endpoint, 'bench');
    const place = await layOut(original.path, rgw.endpoint, command, setting);
    archiveBytes = place.archiveBytes;
    const tools = orderOfRound(found, round);
    for (const tool of tools) {
      if (tool.prepare !== undefined) await timed(tool.prepare(place), tool.env(place), setting);
    }
    for (const step of STEPS) {
      for (const tool of tools) {
        const stage = tool.steps[step]?.(place);
        if (stage === undefined) continue;
        await warm(step === 'backup' ? place.database : place.archive);
        const usage = await timed(stage, tool.env(place), setting);
        await checkResult(step, tool, place);
        steps[step].find(({ id }) => id === tool.id)?.runs.push(usage);
        say(
          `round ${round + 1}/${options.rounds}  ${step}  ${tool.title}: ${usage.wallSeconds.toFixed(2)} s`,
        );
      }
    }
    for (const step of LIFE) {
      if (step === 'incremental') await updateRows(place.database, round + 1, aside);
      const usage = await timed(lifeStage(command, step, place), {}, setting);
      if (step === 'restore') await checkRestored(place);
      life[step].push(usage);
      say(`round ${round + 1}/${options.rounds}  ${step}: ${usage.wallSeconds.toFixed(2)} s`);
    }
    await rm(place.folder, { recursive: true });
  }
  return {
    startedAt: now.toISOString(),
    machine: await machineFacts(dir),
    versions,
    missing,
    loadBefore,
    databaseBytes: original.bytes,
    archiveBytes,
    rounds: options.rounds,
    steps,
    life,
  };
}

/** A folder with a copy of the database, a configuration, and a backup in a folder, whose archive is to be sent. */
async function layOut(
  original: string,
  endpoint: string,
  quackup: Stage,
  { work, aside }: Setting,
): Promise<OffsitePlace & { readonly folder: string; readonly archiveBytes: number }> {
  const folder = await work.folder('round');
  const database = join(folder, 'flights.duckdb');
  const config = join(folder, 'quackup.yaml');
  await copyFile(original, database);
  await writeFile(config, offsiteConfig(endpoint, database));
  const [program, ...args] = quackup;
  const made = await runProcess(program, [...args, '--config', config, 'backup', '--json'], aside);
  const { archiveBytes } = JSON.parse(made.stdout) as { archiveBytes: number };
  const names = await readdir(join(folder, 'here'));
  const archive = join(folder, 'here', names.find((name) => name.includes('.tar')) ?? '');
  const into = join(folder, 'into');
  await mkdir(into);
  return { folder, endpoint, database, config, archive, into, archiveBytes };
}

/** Runs a program as its user would, when nothing waits to be written. */
async function timed(
  stage: Stage,
  env: Readonly<Record<string, string>>,
  { aside, timeProgram, work }: Setting,
): Promise<Usage> {
  const home = await work.folder('home');
  const place = { database: '', store: '', restored: '', home };
  await runProcess('sync', ['-f', work.path], aside);
  return await measure([stage], {
    ...aside,
    env: programEnvironment(place, work.path, env),
    timeProgram,
    scratch: work.path,
  });
}

/** What came back must be what was sent; then it makes room for the next. */
async function checkResult(step: OffsiteStep, { id }: OffsiteTool, place: OffsitePlace): Promise<void> {
  if (step === 'restore') return await checkRestored(place);
  if (step !== 'fetch') return;
  const folder = id === 'quackup' ? join(place.config, '../back') : place.into;
  await expectSame(place.archive, join(folder, basename(place.archive)));
  await rm(folder, { recursive: true });
  await mkdir(folder);
}

async function checkRestored({ database, into }: OffsitePlace): Promise<void> {
  await expectSame(database, await findFile(into, basename(database)));
  await rm(into, { recursive: true });
  await mkdir(into);
}

/** Free blocks of a database may come back as zeros: DuckDB never reads them. */
async function expectSame(source: string, copy: string): Promise<void> {
  const { wrongAt } = await compareFiles(source, copy);
  if (wrongAt !== undefined) throw new Error(`${copy} is not what was sent: it differs at byte ${wrongAt}`);
}

async function updateRows(path: string, salt: number, options: ProcessOptions): Promise<void> {
  const script = fileURLToPath(new URL('../../child/change-database.ts', import.meta.url));
  await runProcess(process.execPath, [script, path, 'updated', String(salt)], options);
}
