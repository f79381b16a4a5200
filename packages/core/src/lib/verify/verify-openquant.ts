/** Verification of OpenQuant archives: there is nothing recorded to compare with but the sizes, so the databases themselves are checked. */
import { open, rm } from 'node:fs/promises';

import {
  blockOffset,
  DuckdbFileError,
  HEAD_SIZE,
  isBlockValid,
  parseHead,
  readBlockUse,
} from '@quackup/duckdb-file';

import type { ScannedDatabase, VerifyOptions } from '../api.ts';
import { QuackupError } from '../errors.ts';
import { findOpenQuant, openOpenQuantSource } from '../openquant/restore-openquant.ts';
import { readOpenQuantFiles } from '../openquant/openquant-archive.ts';
import { ScratchFolder } from '../process/scratch-folder.ts';
import { notFound } from '../read/load-backup.ts';
import { readFully } from '../snapshot/read-fully.ts';
import { checkFreeSpace } from '../restore/write-set.ts';
import { FILE_ROLES, filePath } from '../snapshot/database-files.ts';
import type { TargetClient } from '../target/target-client.ts';
import type { Problems } from './problems.ts';
import { scanDatabase } from './scan-database.ts';

interface Verification extends VerifyOptions {
  readonly problems: Problems;
  readonly notes: string[];
  readonly scanned: ScannedDatabase[];
}

/** Reports to `problems`. @throws BACKUP_NOT_FOUND if there is no such archive. */
export async function verifyOpenQuant(
  client: TargetClient,
  name: string,
  verification: Verification,
): Promise<void> {
  const { problems, level, tempDir, signal } = verification;
  const object = `${name}.tar.gz`;
  const report = (error: QuackupError, database?: string): void =>
    problems.add({
      code: error.code,
      object,
      message: error.message,
      ...(database === undefined ? {} : { database }),
    });
  try {
    const found = await findOpenQuant(client, name);
    if (found === undefined) throw await notFound(client, name);
    // To its end: the gzip checksum comes last.
    await readOpenQuantFiles(client, found.key, async ({ bytes }) => {
      for await (const _ of bytes);
      return undefined;
    });
    await using source = await openOpenQuantSource(client, name);
    if (source === undefined) throw await notFound(client, name);
    await using scratch = await ScratchFolder.create(tempDir);
    for (const database of source.databases) {
      const path = scratch.newPath();
      try {
        await checkFreeSpace(scratch.path, source.bytesOnDisk(database.name), 'scan');
        await source.write(database.name, { pathOf: (role) => filePath(path, role) });
        if (level !== 'archive') await checkFile(path, database.name);
        if (level === 'scan')
          verification.scanned.push(await scanDatabase(path, { name: database.name, signal }));
      } catch (error) {
        if (!(error instanceof QuackupError) || error.code === 'SCAN_FAILED' || error.code === 'NO_SPACE')
          throw error;
        report(error, database.name);
      } finally {
        for (const role of FILE_ROLES) await rm(filePath(path, role), { force: true });
      }
    }
  } catch (error) {
    if (
      !(error instanceof QuackupError) ||
      (error.code !== 'BACKUP_DAMAGED' && error.code !== 'ARCHIVE_HOSTILE')
    )
      throw error;
    report(error);
  }
}

/** @throws BACKUP_DAMAGED if a block in use fails its checksum. */
async function checkFile(path: string, name: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    const bytes = Buffer.alloc(HEAD_SIZE);
    const { layout } = parseHead(bytes.subarray(0, await readFully(file, bytes, HEAD_SIZE, 0)));
    if (layout.kind === 'opaque') return;
    const readBlock = async (id: number): Promise<Buffer> => {
      const block = Buffer.alloc(layout.blockSize);
      return block.subarray(
        0,
        await readFully(file, block, layout.blockSize, blockOffset(id, layout.blockSize)),
      );
    };
    const use = await readBlockUse(layout.active, readBlock);
    for (let id = 0; id < use.blockCount; id += 1) {
      if (!use.isUsed(id)) continue;
      const block = await readBlock(id);
      if (block.length < layout.blockSize || !isBlockValid(block)) {
        throw new QuackupError(
          'BACKUP_DAMAGED',
          `block ${id} of ${name} is in use but fails DuckDB's checksum`,
        );
      }
    }
  } catch (error) {
    if (!(error instanceof DuckdbFileError)) throw error;
    throw new QuackupError('BACKUP_DAMAGED', `${name} is damaged: ${error.message}`, { cause: error });
  } finally {
    await file.close();
  }
}
