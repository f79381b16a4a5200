import { type FileHandle, open, rm } from 'node:fs/promises';

import { HEAD_SIZE, parseHead } from '@quackup/duckdb-file';
import { isTargetError } from '@quackup/target-api';

import { QuackupError } from '../errors.ts';
import type { RestoreSource, WriteOptions } from '../restore/restore-source.ts';
import { writeFully } from '../snapshot/read-fully.ts';
import type { TargetClient } from '../target/target-client.ts';
import {
  openQuantKey,
  type OpenQuantFile,
  type OpenQuantMetadata,
  readOpenQuantFiles,
  readOpenQuantMetadata,
} from './openquant-archive.ts';

/** Where OpenQuant's archive of this name is, or undefined if there is none, or it is one of our own. */
export async function findOpenQuant(
  client: TargetClient,
  name: string,
): Promise<
  | { readonly key: NonNullable<ReturnType<typeof openQuantKey>>; readonly metadata: OpenQuantMetadata }
  | undefined
> {
  const key = openQuantKey(name);
  if (key === undefined) return undefined;
  let metadata: OpenQuantMetadata | undefined;
  try {
    metadata = await readOpenQuantMetadata(client, key);
  } catch (error) {
    if (isTargetError(error) && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
  if (metadata === undefined) {
    throw new QuackupError('BACKUP_DAMAGED', `${key} has no backup_metadata.json`, {
      hint: 'unpack it with tar to see what it holds',
    });
  }
  return metadata.quackup === undefined ? { key, metadata } : undefined;
}

export async function openOpenQuantSource(
  client: TargetClient,
  name: string,
): Promise<RestoreSource | undefined> {
  const found = await findOpenQuant(client, name);
  if (found === undefined) return undefined;
  const { key, metadata } = found;
  if (metadata.databases.length === 0) {
    throw new QuackupError('BACKUP_DAMAGED', `${key} holds no database`, { hint: 'use another backup' });
  }
  const sizes = new Map(metadata.databases.map((entry) => [entry.name, entry.size_bytes]));
  const sizeOf = (database: string): number => sizes.get(database) ?? 0;
  return {
    backup: name,
    databases: metadata.databases.map((entry) => ({ name: entry.name, path: entry.original_path })),
    failed: [],
    rolesOf: () => ['database'],
    sizeOf,
    bytesOnDisk: sizeOf,
    write: async (database, options) => {
      let written = false;
      await readOpenQuantFiles(client, key, async (file) => {
        if (file.name !== database) return undefined;
        if (written) throw new QuackupError('ARCHIVE_HOSTILE', `${key} holds ${database} twice`);
        await writeDatabase(file, sizeOf(database), options);
        written = true;
        return undefined;
      });
      if (!written)
        throw new QuackupError('BACKUP_DAMAGED', `${key} lacks ${database}, which its metadata name`);
      return ['database'];
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Writes a database as it comes out of an archive. @throws BACKUP_DAMAGED if it is none, or of another length. */
export async function writeDatabase(
  file: OpenQuantFile,
  sizeBytes: number,
  { pathOf, onBytes }: WriteOptions,
): Promise<void> {
  if (file.sizeBytes !== sizeBytes) {
    throw new QuackupError(
      'BACKUP_DAMAGED',
      `${file.name} has ${file.sizeBytes} bytes in the archive, but ${sizeBytes} in its metadata`,
    );
  }
  const path = pathOf('database');
  await rm(path, { force: true });
  const handle = await open(path, 'wx+', 0o600);
  try {
    let position = 0;
    let checked = false;
    for await (const bytes of file.bytes) {
      await writeFully(handle, bytes, position);
      position += bytes.length;
      onBytes?.(bytes.length);
      // As early as it can be told: what is no database may be very long.
      if (!checked && position >= HEAD_SIZE) {
        await checkHead(handle, file.name);
        checked = true;
      }
    }
    if (!checked) await checkHead(handle, file.name);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function checkHead(handle: FileHandle, name: string): Promise<void> {
  const head = Buffer.alloc(HEAD_SIZE);
  const { bytesRead } = await handle.read(head, 0, HEAD_SIZE, 0);
  try {
    parseHead(head.subarray(0, bytesRead));
  } catch (error) {
    throw new QuackupError(
      'BACKUP_DAMAGED',
      `what the archive holds as ${name} is not a whole DuckDB database: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}
