/** The verification of one backup whose manifest could be read. */
import { rm } from 'node:fs/promises';

import { isTargetError } from '@quackup/target-api';

import type { ScannedDatabase, VerifyOptions } from '../api.ts';
import type { ArchiveIndex } from '../archive/index-file.ts';
import { systemClock } from '../clock.ts';
import { QuackupError } from '../errors.ts';
import { failureReport } from '../failure-report.ts';
import { verifiedKey } from '../format/backup-name.ts';
import type { Manifest } from '../format/manifest.ts';
import { ScratchFolder } from '../process/scratch-folder.ts';
import type { ArchiveReader } from '../read/archive-reader.ts';
import { loadIndex } from '../read/load-backup.ts';
import { DamagedChunk } from '../read/damaged-chunk.ts';
import { readChunks } from '../read/read-chunks.ts';
import { bytesOnDisk, checkFreeSpace, writeSet } from '../restore/write-set.ts';
import { filePath } from '../snapshot/database-files.ts';
import type { TargetClient } from '../target/target-client.ts';
import { checkArchive } from './check-archive.ts';
import { BlockChecks, checkDatabase } from './check-blocks.ts';
import type { Problems } from './problems.ts';
import { scanDatabase } from './scan-database.ts';
import { bytesOf, checkReferences } from './verify-stored.ts';

export class VerifyRun {
  readonly #archives: ArchiveReader;
  readonly #client: TargetClient;
  readonly #manifest: Manifest;
  readonly #options: VerifyOptions;
  readonly #problems: Problems;
  readonly #notes: string[];
  #index: ArchiveIndex | undefined;

  constructor(
    archives: ArchiveReader,
    manifest: Manifest,
    options: VerifyOptions,
    problems: Problems,
    notes: string[],
  ) {
    this.#archives = archives;
    this.#client = archives.client;
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
      totalBytes: bytesOf([manifest.archive, ...(level === 'archive' ? manifest.references : [])]),
    });
    const onBytes = (bytes: number): void => onProgress?.({ type: 'task-advance', task, bytes });
    try {
      this.#index = await this.#loadIndex();
      const index = this.#index;
      const checks = index === undefined || level === 'archive' ? undefined : new BlockChecks(index);
      await checkArchive(this.#client, manifest.archive, this.#problems, {
        index,
        ...(manifest.recipients && { identities: await this.#archives.identities(manifest.archive.name) }),
        onChunk: (file, chunk) => checks?.check(file, chunk),
        onBytes,
      });
      await checkReferences(this.#client, manifest.references, this.#problems, {
        // The other levels read what is used of them, chunk by chunk.
        ...(level === 'archive' && { readIn: this.#options.proven ?? new Set() }),
        onBytes,
      });
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
      await checkFreeSpace(scratch.path, bytesOnDisk(index, name), 'scan');
      const path = scratch.newPath();
      try {
        const roles = await writeSet(this.#archives, index, name, {
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
          object: this.#objectOf(error),
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
    const { name, archive, recipients } = this.#manifest;
    const text = JSON.stringify(
      {
        backup: name,
        archiveSha256: archive.sha256,
        at: clock.now().toISOString(),
        level: 'scan',
        // It lies beside the archive in clear, and tables and rows of an encrypted one are nobody's business.
        ...(recipients === undefined && { databases }),
      },
      null,
      2,
    );
    const key = verifiedKey(name);
    try {
      if (this.#client.access !== 'full' && (await this.#client.stat(key)) !== undefined) {
        this.#notes.push('an earlier result is recorded, and nothing may be replaced there');
        return;
      }
      await this.#client.putText(key, `${text}\n`);
    } catch (error) {
      if (!isTargetError(error)) throw error;
      this.#notes.push(`the result could not be recorded: ${error.message}`);
    }
  }

  /** What is damaged: an earlier archive, if what is wrong lies in one. */
  #objectOf(error: QuackupError): string {
    return error instanceof DamagedChunk ? error.archive : this.#manifest.archive.name;
  }

  async #loadIndex(): Promise<ArchiveIndex | undefined> {
    try {
      return await loadIndex(this.#archives, this.#manifest);
    } catch (error) {
      if (!(error instanceof QuackupError)) throw error;
      this.#problems.add({ object: this.#manifest.archive.name, ...failureReport(error) });
      return undefined;
    }
  }

  async #checkBlocks(index: ArchiveIndex, checks: BlockChecks): Promise<void> {
    // What lies in earlier archives has not been read yet.
    if (this.#manifest.references.length > 0) {
      for (const file of index.tables.keys()) {
        try {
          await readChunks(this.#archives, index, file, (chunk) => checks.check(file, chunk));
        } catch (error) {
          if (!(error instanceof QuackupError)) throw error;
          this.#problems.add({
            code: error.code,
            object: this.#objectOf(error),
            message: error.message,
          });
          // Blocks that could not be read must not pass for blocks that are not there.
          if (error.code === 'KEY_WRONG') return;
        }
      }
    }
    for (const entry of this.#manifest.databases) {
      await checkDatabase(this.#archives, index, entry, this.#manifest.archive.name, this.#problems, {
        checks,
        note: (text) => this.#notes.push(text),
      });
    }
  }
}
