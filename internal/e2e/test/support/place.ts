import { copyFile, cp, mkdir, mkdtemp, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { createBackup, restoreBackup } from '@quackup/core';
import { runSql } from '@quackup/fixtures';
import { expect } from 'vitest';

import { databaseHashes, filesBelow, fingerprint } from './file-set.ts';
import { expectWholeBackups, localBackups } from './local-backups.ts';
import { NeglectfulParent } from './neglectful-parent.ts';
import { type CliRun, runQuackup, type RunningCli, startQuackup } from './run-quackup.ts';
import { tempFolder } from './temp-folder.ts';

/** The module that `type` of a target in a configuration names. */
export const DISTURBED_TARGET: string = fileURLToPath(
  new URL('../targets/disturbed-target.ts', import.meta.url),
);

/** Long enough ago that nobody waits for the file to come to rest. */
const LONG_AGO = new Date('2026-01-01T00:00:00Z');
const LOOK_MS = 5;

/** A database with rows in its file and rows that are only in its WAL; 0.8 MB for 20,000. */
export async function makeSource(path: string, rows = 20_000): Promise<void> {
  await runSql(path, [
    `CREATE TABLE t AS SELECT i, hash(i) AS h, md5(i::VARCHAR) AS s FROM range(${rows}) r(i)`,
    'CHECKPOINT',
    'PRAGMA disable_checkpoint_on_shutdown',
    "INSERT INTO t VALUES (-1, 0, 'only in the WAL')",
  ]);
  await utimes(path, LONG_AGO, LONG_AGO);
}

/**
 * A folder with a database in `data`, a configuration that keeps backups in `backups` and scratch files in `temp`, and one
 * good backup of the database.
 */
export class Place implements AsyncDisposable {
  readonly path: string;
  readonly #folder: AsyncDisposable;
  readonly #started: RunningCli[] = [];
  #good = '';
  #hashes: Readonly<Record<string, string>> = {};
  #source: readonly string[] = [];

  private constructor(folder: { readonly path: string } & AsyncDisposable) {
    this.#folder = folder;
    this.path = folder.path;
  }

  /** @param template A database of {@link makeSource}, which is copied. @param backups Where the good backup goes. */
  static async make(template: string, backups = 'backups'): Promise<Place> {
    const place = new Place(await tempFolder());
    await mkdir(place.data);
    await mkdir(place.temp);
    for (const name of ['my.duckdb', 'my.duckdb.wal']) {
      await cp(template + name.slice('my.duckdb'.length), join(place.data, name), {
        preserveTimestamps: true,
      });
    }
    await place.configure('databases: [data/my.duckdb]');
    place.#hashes = await databaseHashes(place.database);
    place.#source = await fingerprint(place.data);
    await place.#makeGoodBackup(resolve(place.path, backups));
    return place;
  }

  get data(): string {
    return join(this.path, 'data');
  }

  get database(): string {
    return join(this.data, 'my.duckdb');
  }

  get backups(): string {
    return join(this.path, 'backups');
  }

  get temp(): string {
    return join(this.path, 'temp');
  }

  /** Name of the last good backup. */
  get good(): string {
    return this.#good;
  }

  /** Writes `quackup.yaml`; where scratch files go is said already. */
  async configure(...lines: readonly string[]): Promise<void> {
    const text = ['backup: { tempDir: temp }', ...lines, ''].join('\n');
    await writeFile(join(this.path, 'quackup.yaml'), text);
  }

  run(...args: readonly string[]): Promise<CliRun> {
    return runQuackup(this.path, ...args);
  }

  start(...args: readonly string[]): RunningCli {
    const running = startQuackup(this.path, args);
    this.#started.push(running);
    return running;
  }

  /** Waits until a file is there that a running command makes. Fails if it ends before. */
  async waitFor(name: string, { ended }: RunningCli): Promise<void> {
    let run: CliRun | undefined;
    void ended.then((result) => (run = result));
    while (!existsSync(join(this.path, name))) {
      if (run !== undefined) throw new Error(`it ended without ${name}: ${run.stdout}${run.stderr}`);
      await sleep(LOOK_MS);
    }
  }

  /** Waits until a file is there. */
  async waitForFile(name: string): Promise<void> {
    while (!existsSync(join(this.path, name))) await sleep(LOOK_MS);
  }

  /** Starts the command line as the child of a process that never collects its children. */
  startUnderParent(...args: readonly string[]): NeglectfulParent {
    return new NeglectfulParent(this.path, args);
  }

  /** Takes what is in `data` by now for what must stay as it is. */
  async sourceIsNow(): Promise<void> {
    this.#source = await fingerprint(this.data);
  }

  /** Asserts that nothing near the source has changed, or come, or gone. */
  async expectSourceUntouched(): Promise<void> {
    expect(await fingerprint(this.data)).toEqual(this.#source);
  }

  /**
   * Asserts what must hold after anything: the good backup is listed, and restores; what else is listed is whole; the
   * source is untouched; no lease, part or scratch file is left.
   *
   * @returns the names of all backups but the good one.
   */
  async expectSurvived(backups: string = this.backups): Promise<string[]> {
    await this.expectSourceUntouched();
    const names = await expectWholeBackups(backups);
    expect(names).toContain(this.#good);
    expect((await filesBelow(backups)).filter((file) => !file.startsWith('backup_'))).toEqual([]);
    expect(await readdir(this.temp)).toEqual([]);
    await this.expectGoodRestores(backups);
    return names.filter((name) => name !== this.#good);
  }

  async expectGoodRestores(backups: string = this.backups): Promise<void> {
    const restoreDir = await mkdtemp(join(this.path, 'restored-'));
    await restoreBackup(localBackups(backups), this.#good, { restoreDir });
    expect(await databaseHashes(join(restoreDir, 'my.duckdb'))).toEqual(this.#hashes);
    await rm(restoreDir, { recursive: true });
  }

  /** Puts a copy of the database, without its WAL, in another file's place, as a program that writes atomically would. */
  async replaceDatabase(name: string): Promise<void> {
    const fresh = join(this.path, 'fresh');
    await copyFile(this.database, fresh);
    await rename(fresh, join(this.data, name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child, ended } of this.#started) {
      // Only a test that has failed leaves one.
      child.kill('SIGKILL');
      await ended.catch(() => undefined);
    }
    await this.#folder[Symbol.asyncDispose]();
  }

  async #makeGoodBackup(backups: string): Promise<void> {
    const { backup } = await createBackup({
      databases: [{ name: 'my.duckdb', path: this.database }],
      targets: [localBackups(backups)],
      tempDir: this.temp,
    });
    this.#good = backup;
  }
}
