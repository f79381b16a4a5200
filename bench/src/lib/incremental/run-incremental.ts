/** Backups of a database that changes a little, by tools that know what they have stored before. */
import { copyFile, mkdir, realpath, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { benchDatabase } from '../bench-database.ts';
import { definedEnvironment } from '../defined-environment.ts';
import { bytesIn, warm } from '../files.ts';
import { findGnuTime, findTools } from '../find-programs.ts';
import { type Machine, machineFacts } from '../machine.ts';
import { measure, type Stage, type Usage } from '../measure.ts';
import { programEnvironment } from '../program-environment.ts';
import { quackupProgram } from '../quackup-program.ts';
import { runProcess } from '../run-process.ts';
import type { BenchEdges } from '../run-bench.ts';
import { type Place, type Tool, toolTable } from '../tools.ts';
import { workFolder } from '../work-folder.ts';
import { type Change, CHANGES } from './changes.ts';
import { INCREMENTAL_TOOLS, nextBackup } from './second-backup.ts';

export interface IncrementalOptions {
  readonly bytes: number;
  readonly rounds: number;
  readonly dir: string;
  /** Ids of tools; absent: all. */
  readonly tools: ReadonlySet<string> | undefined;
}

/** A backup, and what was added to the destination. */
export interface FurtherBackup extends Usage {
  readonly addedBytes: number;
}

export interface IncrementalResults {
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly missing: readonly { readonly title: string; readonly reason: string }[];
  readonly databaseBytes: number;
  readonly rounds: number;
  readonly tools: readonly {
    readonly id: string;
    readonly title: string;
    readonly first: FurtherBackup;
    readonly further: Readonly<Record<Change, readonly FurtherBackup[]>>;
  }[];
  /** `sha256sum` of the two halves of the database at once. */
  readonly hashing: readonly Usage[];
  /** By Quackup: of the last incremental backup, and of a full one of the same state. */
  readonly restores: { readonly incremental: readonly Usage[]; readonly full: readonly Usage[] };
}

interface Setting {
  readonly cwd: string;
  readonly limitSeconds: number;
  readonly signal: AbortSignal;
  readonly timeProgram: string;
  readonly work: string;
}

/** @throws Error if a program fails or takes too long. */
export async function runIncremental(
  options: IncrementalOptions,
  { signal, now, say }: BenchEdges,
): Promise<IncrementalResults> {
  await mkdir(options.dir, { recursive: true });
  const dir = await realpath(options.dir);
  await using work = await workFolder(dir);
  const limitSeconds = 1200 + Math.ceil(options.bytes / 1e6);
  const aside = { cwd: work.path, env: definedEnvironment(), limitSeconds, signal };
  const timeProgram = await findGnuTime(aside);
  const setting: Setting = { cwd: work.path, limitSeconds, signal, timeProgram, work: work.path };
  say('building quackup');
  const program = await quackupProgram(await work.folder('app'), aside);
  const wanted = toolTable({ quackup: program.command, python: undefined }).filter(
    ({ id }) => INCREMENTAL_TOOLS.has(id) && (options.tools?.has(id) ?? true),
  );
  const { found, versions, missing } = await findTools(wanted, aside);
  say(`database of ${(options.bytes / 1e6).toFixed(0)} MB`);
  const original = await benchDatabase(dir, options.bytes, aside);
  const live = join(await work.folder('live'), 'flights.duckdb');
  await copyFile(original.path, live);

  const places = new Map<Tool, Place>();
  const first = new Map<Tool, FurtherBackup>();
  const further = new Map<Tool, Record<Change, FurtherBackup[]>>();
  for (const tool of found) {
    const place = {
      database: live,
      store: await work.folder(tool.id),
      restored: await work.folder('restored'),
      home: await work.folder('home'),
    };
    places.set(tool, place);
    further.set(tool, { unchanged: [], touched: [], appended: [], updated: [] });
    if (tool.prepare !== undefined) await timed(tool, tool.prepare(place).stages, place, setting);
    const usage = await backUp(tool, place, setting, tool.backup(place));
    first.set(tool, usage);
    say(`first backup  ${tool.title}: ${usage.wallSeconds.toFixed(2)} s`);
  }
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const change of CHANGES) {
      if (change === 'touched') await utimes(live, new Date(), new Date());
      else if (change !== 'unchanged') await changeDatabase(live, change, round, aside);
      for (const tool of inTurn(found, round)) {
        const place = places.get(tool);
        if (place === undefined) continue;
        const usage = await backUp(tool, place, setting, nextBackup(tool, place));
        further.get(tool)?.[change].push(usage);
        say(
          `round ${round}/${options.rounds}  ${change}  ${tool.title}: ${usage.wallSeconds.toFixed(2)} s, ${(usage.addedBytes / 1e6).toFixed(1)} MB`,
        );
      }
    }
  }
  const hashing: Usage[] = [];
  for (let round = 0; round < options.rounds; round += 1) hashing.push(await hashHalves(live, setting));
  const quackup = found.find(({ id }) => id === 'quackup');
  const place = quackup === undefined ? undefined : places.get(quackup);
  const restores =
    quackup === undefined || place === undefined
      ? { incremental: [], full: [] }
      : await restoreBoth(quackup, place, program.command, options.rounds, setting);
  return {
    startedAt: now.toISOString(),
    machine: await machineFacts(dir),
    versions,
    missing,
    databaseBytes: original.bytes,
    rounds: options.rounds,
    tools: found.flatMap((tool) => {
      const [begin, rest] = [first.get(tool), further.get(tool)];
      return begin === undefined || rest === undefined
        ? []
        : [{ id: tool.id, title: tool.title, first: begin, further: rest }];
    }),
    hashing,
    restores,
  };
}

/** The tools in another order each round. */
function inTurn(tools: readonly Tool[], round: number): readonly Tool[] {
  const from = round % Math.max(1, tools.length);
  return [...tools.slice(from), ...tools.slice(0, from)];
}

async function backUp(
  tool: Tool,
  place: Place,
  setting: Setting,
  step: { readonly cwd: string; readonly stages: readonly Stage[] },
): Promise<FurtherBackup> {
  await warm(place.database);
  const before = await bytesIn(place.store);
  const usage = await timed(tool, step.stages, place, { ...setting, cwd: step.cwd });
  return { ...usage, addedBytes: (await bytesIn(place.store)) - before };
}

/** Runs programs as their user would, when nothing waits to be written. */
async function timed(
  tool: Tool | undefined,
  stages: readonly Stage[],
  place: Pick<Place, 'home'> & Place,
  { cwd, limitSeconds, signal, timeProgram, work }: Setting,
): Promise<Usage> {
  const env = programEnvironment(place, work, tool?.env(place));
  await runProcess('sync', ['-f', work], { cwd: work, env, limitSeconds, signal });
  return await measure(stages, { cwd, env, limitSeconds, signal, timeProgram, scratch: work });
}

async function changeDatabase(
  path: string,
  change: Change,
  salt: number,
  options: Parameters<typeof runProcess>[2],
): Promise<void> {
  const script = fileURLToPath(new URL('../../child/change-database.ts', import.meta.url));
  await runProcess(process.execPath, [script, path, change, String(salt)], options);
}

/** What reading and hashing everything costs at least, on two cores. */
async function hashHalves(path: string, setting: Setting): Promise<Usage> {
  const { size } = await stat(path);
  const half = Math.floor(size / 2);
  await warm(path);
  const script = 'head -c "$2" "$1" | sha256sum & tail -c "+$(($2 + 1))" "$1" | sha256sum; wait';
  const place = { database: path, store: setting.work, restored: setting.work, home: setting.work };
  return await timed(undefined, [['sh', '-c', script, 'sh', path, String(half)]], place, setting);
}

/** The last backup is incremental; then a full one of the same state is made. Restored in turn. */
async function restoreBoth(
  tool: Tool,
  place: Place,
  quackup: Stage,
  rounds: number,
  setting: Setting,
): Promise<IncrementalResults['restores']> {
  const names: string[] = [await latestName(quackup, place, setting)];
  await timed(tool, [[...quackup, 'backup', place.database, '--full']], place, {
    ...setting,
    cwd: place.store,
  });
  names.push(await latestName(quackup, place, setting));
  const usages: [Usage[], Usage[]] = [[], []];
  await warm(place.store);
  for (let round = 0; round < rounds; round += 1) {
    for (const [which, name] of names.entries()) {
      const into = join(place.restored, name);
      const stage: Stage = [...quackup, 'restore', name, '--restore-dir', into];
      usages[which === 0 ? 0 : 1].push(await timed(tool, [stage], place, { ...setting, cwd: place.store }));
      await rm(into, { recursive: true });
    }
  }
  return { incremental: usages[0], full: usages[1] };
}

async function latestName(quackup: Stage, { store }: Place, setting: Setting): Promise<string> {
  const [command, ...args] = quackup;
  const { stdout } = await runProcess(command, [...args, 'list', '--json'], {
    cwd: store,
    env: definedEnvironment(),
    limitSeconds: setting.limitSeconds,
    signal: setting.signal,
  });
  return /"name": ?"(backup_[0-9_]+)"/.exec(stdout)?.[1] ?? '';
}
