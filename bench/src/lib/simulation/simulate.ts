/**
 * A database of real flights, sixty days long. Every day half a percent of its rows is appended and half a percent updated, a writer
 * goes on committing to it, each tool makes a backup, and each removes what the same rules do not keep.
 */
import { copyFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { cleanupBackups, createBackup, listBackups, type RetentionPolicy, verifyBackup } from '@quackup/core';
import { runSql, startWriter } from '@quackup/fixtures';
import { LocalTarget } from '@quackup/target-local';

import { benchDatabase } from '../bench-database.ts';
import { definedEnvironment } from '../defined-environment.ts';
import { bytesIn } from '../files.ts';
import { runProcess } from '../run-process.ts';
import { workFolder } from '../work-folder.ts';
import { changesOfDay } from './changes-of-day.ts';

export const DAYS = 60;

/** Kept by every tool. */
export const POLICY: RetentionPolicy = {
  keepDaily: 7,
  keepWeekly: 4,
  keepMonthly: 6,
  minCount: 0,
  keepDays: 0,
};
const KEEP = ['--keep-daily', '7', '--keep-weekly', '4', '--keep-monthly', '6'] as const;

export interface SimulatedDay {
  readonly day: number;
  /** Length of the database. */
  readonly database: number;
  /** Bytes that each tool's destination takes. */
  readonly quackup: number;
  readonly restic: number;
  readonly borg: number;
  /** Full archives by `tar | gzip`, as many as Quackup keeps backups. */
  readonly tarGz: number;
  /** Length of that day's full archive, and what Quackup added. */
  readonly fullTarGz: number;
  readonly added: number;
  readonly kind: 'full' | 'incremental';
}

export interface Simulation {
  readonly days: readonly SimulatedDay[];
  /** Length of Quackup's first archive. */
  readonly firstFull: number;
  /** At the end: backups that were kept, all of which passed `verify --level blocks`, and archives there. */
  readonly kept: number;
  readonly archives: number;
  /** Archives that no kept backup needs. */
  readonly unreferenced: readonly string[];
}

export interface SimulateOptions {
  readonly bytes: number;
  readonly dir: string;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** @throws Error if a tool fails, or a backup does not pass. */
export async function simulate({ bytes, dir, signal, say }: SimulateOptions): Promise<Simulation> {
  await using work = await workFolder(dir);
  const env = definedEnvironment();
  const aside = { cwd: work.path, env, limitSeconds: 3600, signal };
  const original = await benchDatabase(dir, bytes, aside);
  const live = join(work.path, 'flights.duckdb');
  await copyFile(original.path, live);
  const [own, restic, borg] = [
    await work.folder('quackup'),
    await work.folder('restic'),
    await work.folder('borg'),
  ];
  const target = { name: 'local', target: new LocalTarget(own) };
  const others = {
    ...aside,
    env: {
      ...env,
      RESTIC_PASSWORD: 'bench',
      RESTIC_REPOSITORY: restic,
      RESTIC_CACHE_DIR: join(work.path, 'restic-cache'),
      BORG_REPO: borg,
      BORG_BASE_DIR: join(work.path, 'borg-home'),
      BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
    },
  };
  const run = (command: string, ...args: readonly string[]): Promise<{ readonly stdout: string }> =>
    runProcess(command, args, others);
  await run('restic', '-q', 'init');
  await run('borg', 'init', '--encryption=none');

  const days: SimulatedDay[] = [];
  const fullSizes = new Map<string, number>();
  for (let day = 1; day <= DAYS; day += 1) {
    signal.throwIfAborted();
    if (day > 1) await runSql(live, [...changesOfDay(day), 'CHECKPOINT']);
    const at = new Date(Date.UTC(2026, 0, day, 2));
    await using writer = await startWriter(live, { commitsPerSecond: 20, importRows: 0 });
    await writer.waitFor(writer.lastAcknowledged + 3);
    const { backup, kind, archiveBytes } = await createBackup({
      databases: [{ name: 'flights.duckdb', path: live }],
      targets: [target],
      clock: { now: () => at },
      tempDir: work.path,
      signal,
    });
    await writer.stop();
    const time = at.toISOString().slice(0, 19);
    const files = (await readdir(work.path)).filter((name) => name.startsWith('flights.duckdb'));
    await run('restic', '-q', 'backup', '--time', time.replace('T', ' '), ...files);
    await run('borg', 'create', '--compression', 'zstd,3', '--timestamp', time, `::${backup}`, ...files);
    const { stdout } = await run('sh', '-c', 'tar -c "$@" | gzip -6 | wc -c', 'sh', ...files);
    fullSizes.set(backup, Number(stdout));

    await cleanupBackups(target, { policy: POLICY, clock: { now: () => at }, signal });
    await run('restic', '-q', 'forget', '--prune', '--max-unused', '0', ...KEEP);
    await run('borg', 'prune', ...KEEP);
    await run('borg', 'compact', '--threshold', '0');
    const kept = await listBackups(target);
    days.push({
      day,
      database: (await stat(live)).size,
      quackup: await bytesIn(own),
      restic: await bytesIn(restic),
      borg: await bytesIn(borg),
      tarGz: kept.reduce((sum, { name }) => sum + (fullSizes.get(name) ?? 0), 0),
      fullTarGz: Number(stdout),
      added: archiveBytes,
      kind,
    });
    say(`day ${day}: ${kind}, ${(archiveBytes / 1e6).toFixed(1)} MB`);
  }
  return { days, firstFull: days[0]?.added ?? 0, ...(await lookAtTheEnd(own)) };
}

async function lookAtTheEnd(folder: string): Promise<Pick<Simulation, 'kept' | 'archives' | 'unreferenced'>> {
  const target = { name: 'local', target: new LocalTarget(folder) };
  const kept = await listBackups(target);
  const needed = new Set(kept.flatMap(({ name, dependsOn }) => [`${name}.tar.zst`, ...dependsOn]));
  for (const { name } of kept) {
    const { ok, problems } = await verifyBackup(target, name, { level: 'blocks' });
    if (!ok) throw new Error(`${name} does not pass: ${problems[0]?.message}`);
  }
  const archives = (await readdir(folder)).filter((name) => name.endsWith('.tar.zst'));
  return {
    kept: kept.length,
    archives: archives.length,
    unreferenced: archives.filter((name) => !needed.has(name)),
  };
}
