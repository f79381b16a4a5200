import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runSql } from '@quackup/fixtures';
import { expect } from 'vitest';

import type { CloudPlace } from './cloud-places.ts';
import { databaseHashes } from './file-set.ts';
import { type CliRun, startQuackup } from './run-quackup.ts';
import { tempFolder } from './temp-folder.ts';

/** A folder with a database, and a configuration that keeps its backups in a cloud and, if asked to, in a folder. */
export class Site implements AsyncDisposable {
  readonly folder: string;
  readonly cloud: CloudPlace;
  /** Everything that any command has printed. */
  printed = '';
  readonly #stack: AsyncDisposableStack;

  private constructor(folder: string, cloud: CloudPlace, stack: AsyncDisposableStack) {
    this.folder = folder;
    this.cloud = cloud;
    this.#stack = stack;
  }

  static async make(makeCloud: () => Promise<CloudPlace>, rows: number): Promise<Site> {
    const stack = new AsyncDisposableStack();
    const { path } = stack.use(await tempFolder());
    const cloud = stack.use(await makeCloud());
    const site = new Site(path, cloud, stack);
    await site.configure('');
    // Random content: an archive is about as long as the database.
    await runSql(join(path, 'my.duckdb'), [
      `CREATE TABLE t AS SELECT i, random() AS a, uuid() AS b FROM range(${rows}) r(i)`,
      'CHECKPOINT',
    ]);
    return site;
  }

  /**
   * @param more Further lines of the configuration.
   * @param access What may be done in the cloud.
   */
  configure(more: string, access: 'full' | 'append-only' = 'full'): Promise<void> {
    const cloud = this.cloud.options.replace(/\}$/, `, access: ${access} }`);
    return writeFile(
      join(this.folder, 'quackup.yaml'),
      `databases: [{ path: my.duckdb }]\ntargets:\n  cloud: ${cloud}\n  here: { type: local, path: ./here }\nbackup: { targets: [cloud], tempDir: . }\n${more}\n`,
    );
  }

  get database(): string {
    return join(this.folder, 'my.duckdb');
  }

  async run(...args: readonly string[]): Promise<CliRun> {
    const run = await startQuackup(this.folder, [...args, '--json'], this.cloud.env).ended;
    this.printed += run.stdout + run.stderr;
    return run;
  }

  async well(...args: readonly string[]): Promise<unknown> {
    const { status, json, stderr } = await this.run(...args);
    expect(status, `${args.join(' ')}: ${stderr}`).toBe(0);
    return json;
  }

  /** Makes a key in a file. @returns its recipient. */
  async makeKey(file: string): Promise<string> {
    const { recipient } = (await this.well('keygen', '--out', file)) as { recipient: string };
    return recipient;
  }

  async listed(): Promise<readonly string[]> {
    const { backups } = (await this.well('list', '--target', 'cloud')) as { backups: { name: string }[] };
    return backups.map(({ name }) => name);
  }

  /** Asserts that a backup restores to what the database is. */
  async expectRestores(backup: string): Promise<void> {
    await using into = await tempFolder();
    await this.well('restore', backup, '--restore-dir', into.path);
    expect(await databaseHashes(join(into.path, 'my.duckdb'))).toEqual(await databaseHashes(this.database));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
