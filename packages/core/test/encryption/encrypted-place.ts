import { existsSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

import { generateIdentity, type Identity, type KeyIdentity, recipientOf } from '@quackup/age';
import { MemoryStore, MemoryTarget } from '@quackup/target-testkit';

import {
  type BackupOptions,
  type BackupReport,
  createBackup,
  type Encryption,
  type KeySource,
  type NamedTarget,
  restoreBackup,
} from '../../src/index.ts';
import { at, named } from '../backup/small-place.ts';
import { runSql, tempFolder } from '../make-database.ts';

export const identity: KeyIdentity = await generateIdentity();
export const encryption: Encryption = { recipients: [await recipientOf(identity)] };
export const keysOf =
  (...identities: readonly Identity[]): KeySource =>
  async () =>
    identities;
export const keys: KeySource = keysOf(identity);

export const place = (store: MemoryStore, more: Partial<NamedTarget> = {}): NamedTarget => ({
  ...named(new MemoryTarget({ store }), more.name),
  ...more,
});

type PlaceOptions = Omit<Partial<BackupOptions>, 'encryption'> & {
  readonly encryption?: Encryption | 'none';
};

/** A database of about a hundred blocks with random content, and a folder for what is remembered. */
export class EncryptedPlace implements Disposable {
  readonly #folder = tempFolder();
  readonly database: string = join(this.#folder.path, 'data.duckdb');
  readonly memoryDir: string = join(this.#folder.path, 'memory');
  /** What the last backup had to say. */
  readonly messages: string[] = [];

  /** @param rows From 100,000 on there are so many blocks that a restore opens and decodes them on threads. */
  constructor(rows = 60_000) {
    runSql(
      join(this.#folder.path, 'maker.duckdb'),
      `ATTACH '${this.database}' AS data (BLOCK_SIZE 16384)`,
      `CREATE TABLE data.t AS SELECT i, random() AS a, random() AS b FROM range(${rows}) r(i)`,
      'CREATE TABLE data.u AS SELECT i, random() AS a FROM range(3000) r(i)',
      'CHECKPOINT data',
    );
  }

  get path(): string {
    return this.#folder.path;
  }

  change(day: number): void {
    runSql(this.database, `UPDATE u SET a = ${day} WHERE i BETWEEN 100 AND 200`, 'CHECKPOINT');
    // A file that was written just now has to be watched for a second; this one has no writer any more.
    const longAgo = new Date(Date.UTC(2026, 0, day));
    for (const path of [this.database, `${this.database}.wal`]) {
      if (existsSync(path)) utimesSync(path, longAgo, longAgo);
    }
  }

  /** An encrypted backup, unless something else is asked for. */
  async backUp(
    targets: readonly NamedTarget[],
    day: number,
    { encryption: by = encryption, ...more }: PlaceOptions = {},
  ): Promise<BackupReport> {
    this.messages.length = 0;
    return createBackup({
      databases: [{ name: 'data.duckdb', path: this.database }],
      targets,
      clock: at(day),
      tempDir: this.path,
      memoryDir: this.memoryDir,
      ...(by !== 'none' && { encryption: by }),
      onProgress: (event) => {
        if (event.type === 'message') this.messages.push(event.text);
      },
      ...more,
    });
  }

  /** What a restore must give now: what one of a plain backup gives. Blocks that are free are zeros in it. */
  async content(): Promise<Buffer> {
    using into = tempFolder();
    const target = place(new MemoryStore());
    const { backup } = await createBackup({
      databases: [{ name: 'data.duckdb', path: this.database }],
      targets: [target],
      tempDir: this.path,
    });
    await restoreBackup(target, backup, { restoreDir: into.path });
    return readFileSync(join(into.path, 'data.duckdb'));
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}
