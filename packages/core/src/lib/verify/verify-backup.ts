/**
 * Verification, three levels, each doing what the ones below it do: `archive`, `blocks`, `scan`. What is found is
 * reported, not thrown; only what keeps a verification from being made is an error.
 */
import { rm } from 'node:fs/promises';

import { isTargetError, objectKey } from '@quackup/target-api';

import type { NamedTarget, ScannedDatabase, VerifyOptions, VerifyReport } from '../api.ts';
import type { ArchiveIndex } from '../archive/index-file.ts';
import { systemClock } from '../clock.ts';
import { QuackupError } from '../errors.ts';
import { isBackupName, verifiedKey } from '../format/backup-name.ts';
import type { Manifest } from '../format/manifest.ts';
import { loadIndex, loadManifest, notFound } from '../read/load-backup.ts';
import { readChunks } from '../read/read-chunks.ts';
import { ScratchFolder } from '../process/scratch-folder.ts';
import { bytesOnDisk, checkFreeSpace, writeSet } from '../restore/write-set.ts';
import { filePath } from '../snapshot/database-files.ts';
import { TargetClient } from '../target/target-client.ts';
import { checkArchive } from './check-archive.ts';
import { BlockChecks, checkDatabase } from './check-blocks.ts';
import { Problems } from './problems.ts';
import { scanDatabase } from './scan-database.ts';
import { verifyOpenQuant } from './verify-openquant.ts';

/**
 * Verifies one backup. A scan that finds nothing wrong is recorded beside the backup.
 *
 * @throws BACKUP_NOT_FOUND if there is no such backup.
 * @throws FORMAT_UNSUPPORTED if a newer version wrote it.
 * @throws SCAN_FAILED, NO_SPACE if a scan cannot be made.
 */
export async function verifyBackup(
  target: NamedTarget,
  name: string,
  options: VerifyOptions,
): Promise<VerifyReport> {
  const startedMs = performance.now();
  const client = new TargetClient(target, { signal: options.signal });
  const problems = new Problems();
  const notes: string[] = [];
  const scanned: ScannedDatabase[] = [];
  const manifest = await usableManifest(client, name, problems);
  if (manifest === 'foreign') await verifyOpenQuant(client, name, { ...options, problems, notes, scanned });
  else if (manifest !== undefined) {
    const run = new VerifyRun(client, manifest, options, problems, notes);
    await run.check();
    if (options.level === 'scan' && problems.none) scanned.push(...(await run.scan()));
    if (options.level === 'scan' && problems.none) await run.record(scanned);
  }
  return {
    backup: name,
    ok: problems.none,
    level: options.level,
    problems: problems.list(),
    notes,
    durationMs: Math.round(performance.now() - startedMs),
    ...(options.level === 'scan' ? { databases: scanned } : {}),
  };
}

/** The manifest; `foreign` if an OpenQuant archive has this name; undefined if it is damaged, which has been reported. */
async function usableManifest(
  client: TargetClient,
  name: string,
  problems: Problems,
): Promise<Manifest | 'foreign' | undefined> {
  const object = `${name}.json`;
  try {
    const manifest = await loadManifest(client, name);
    if (manifest !== undefined) return manifest;
  } catch (error) {
    if (!(error instanceof QuackupError) || error.code !== 'BACKUP_DAMAGED') throw error;
    problems.add({ code: error.code, object, message: error.message });
    return undefined;
  }
  for await (const { key } of client.list(`${name}.`)) {
    if (key === `${name}.tar.gz`) return 'foreign';
    if (isBackupName(name) && (key === `${name}.tar.zst` || key === `${name}.tar`)) {
      problems.add({
        code: 'BACKUP_DAMAGED',
        object,
        message: `there is an archive ${key}, but no manifest: the backup was not finished, or the manifest was lost`,
      });
      return undefined;
    }
  }
  throw notFound(client, name);
}

class VerifyRun {
  readonly #client: TargetClient;
  readonly #manifest: Manifest;
  readonly #options: VerifyOptions;
  readonly #problems: Problems;
  readonly #notes: string[];
  #index: ArchiveIndex | undefined;

  constructor(
    client: TargetClient,
    manifest: Manifest,
    options: VerifyOptions,
    problems: Problems,
    notes: string[],
  ) {
    this.#client = client;
    this.#manifest = manifest;
    this.#options = options;
    this.#problems = problems;
    this.#notes = notes;
  }

  /** Levels `archive` and `blocks`. */
  async check(): Promise<void> {
    const { level, onProgress } = this.#options;
    const manifest = this.#manifest;
    const task = manifest.name;
    onProgress?.({
      type: 'task-start',
      task,
      label: `verifying ${manifest.name}`,
      totalBytes: manifest.archive.sizeBytes,
    });
    try {
      this.#index = await this.#loadIndex();
      const index = this.#index;
      const checks = index === undefined || level === 'archive' ? undefined : new BlockChecks(index);
      await checkArchive(this.#client, manifest, this.#problems, {
        index,
        onChunk: (file, chunk) => checks?.check(file, chunk),
        onBytes: (bytes) => onProgress?.({ type: 'task-advance', task, bytes }),
      });
      await this.#checkReferences();
      if (index !== undefined && checks !== undefined) await this.#checkBlocks(index, checks);
    } finally {
      onProgress?.({ type: 'task-end', task });
    }
  }

  /** Level `scan`: everything is restored to a scratch folder and read by DuckDB. */
  async scan(): Promise<ScannedDatabase[]> {
    const { signal, tempDir, onProgress } = this.#options;
    const index = this.#index;
    if (index === undefined) return [];
    await using scratch = await ScratchFolder.create(tempDir);
    const scanned: ScannedDatabase[] = [];
    for (const { name, layout } of this.#manifest.databases) {
      signal?.throwIfAborted();
      if (layout !== 'clear') {
        const why =
          layout === 'encrypted'
            ? 'it is encrypted, and the scan has no key'
            : 'its storage version is newer than this Quackup';
        this.#problems.add({
          code: 'SCAN_FAILED',
          object: this.#manifest.archive.name,
          database: name,
          message: `${name} was not scanned: ${why}`,
        });
        continue;
      }
      onProgress?.({ type: 'message', level: 'info', text: `reading every table of ${name}` });
      await checkFreeSpace(scratch.path, bytesOnDisk(index, name));
      const path = scratch.newPath();
      try {
        const roles = await writeSet(this.#client, index, name, {
          pathOf: (role) => filePath(path, role),
          mode: 0o600,
        });
        scanned.push(await scanDatabase(path, { name, signal }));
        for (const role of roles) await rm(filePath(path, role), { force: true });
      } catch (error) {
        if (
          !(error instanceof QuackupError) ||
          (error.code !== 'BACKUP_DAMAGED' && error.code !== 'ARCHIVE_HOSTILE')
        )
          throw error;
        this.#problems.add({
          code: error.code,
          object: this.#manifest.archive.name,
          database: name,
          message: error.message,
        });
      }
    }
    return scanned;
  }

  /** `backup_X.verified.json`: that it was good then, and what was counted. */
  async record(databases: readonly ScannedDatabase[]): Promise<void> {
    const { clock = systemClock } = this.#options;
    const { name, archive } = this.#manifest;
    const text = JSON.stringify(
      {
        backup: name,
        archiveSha256: archive.sha256,
        at: clock.now().toISOString(),
        level: 'scan',
        databases,
      },
      null,
      2,
    );
    try {
      await this.#client.putText(verifiedKey(name), `${text}\n`);
    } catch (error) {
      if (!isTargetError(error)) throw error;
      this.#notes.push(`the result could not be recorded: ${error.message}`);
    }
  }

  async #loadIndex(): Promise<ArchiveIndex | undefined> {
    try {
      return await loadIndex(this.#client, this.#manifest);
    } catch (error) {
      if (!(error instanceof QuackupError)) throw error;
      this.#problems.add({ code: error.code, object: this.#manifest.archive.name, message: error.message });
      return undefined;
    }
  }

  async #checkReferences(): Promise<void> {
    for (const { name, sizeBytes } of this.#manifest.references) {
      const found = await this.#client.stat(objectKey(name));
      if (found?.size === sizeBytes) continue;
      this.#problems.add({
        code: 'BACKUP_DAMAGED',
        object: name,
        message:
          found === undefined
            ? 'an archive that this backup needs is gone'
            : `it has ${found.size} bytes, not ${sizeBytes}`,
      });
    }
  }

  async #checkBlocks(index: ArchiveIndex, checks: BlockChecks): Promise<void> {
    // What lies in earlier archives has not been read yet.
    if (this.#manifest.references.length > 0) {
      for (const file of index.tables.keys()) {
        try {
          await readChunks(this.#client, index, file, (chunk) => checks.check(file, chunk));
        } catch (error) {
          if (!(error instanceof QuackupError)) throw error;
          this.#problems.add({
            code: error.code,
            object: this.#manifest.archive.name,
            message: error.message,
          });
        }
      }
    }
    for (const entry of this.#manifest.databases) {
      await checkDatabase(this.#client, index, entry, this.#manifest.archive.name, this.#problems, {
        checks,
        note: (text) => this.#notes.push(text),
      });
    }
  }
}
