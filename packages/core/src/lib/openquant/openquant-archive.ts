/**
 * The archives of OpenQuant, which Quackup replaces: `backup_*.tar.gz` without a manifest,
 *
 *     backup_X/app.duckdb              database files, under one top folder or none
 *     backup_X/backup_metadata.json    {timestamp, databases: [{name, original_path, size_bytes}]}
 *     backup_X/temp_export_.../        left over when a database was locked; not a database, left alone
 *
 * They are read as they are, as a stream, since nothing in them can be found without reading all before it. Everything
 * in them is data from outside: only regular files with a plain name are looked at, and no name of theirs is ever a
 * path here.
 */
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

import { Parser, type ReadEntry } from 'tar';
import { isTargetError, type ObjectKey, objectKey } from '@quackup/target-api';
import { z } from 'zod';

import { QuackupError } from '../errors.ts';
import type { TargetClient } from '../target/target-client.ts';

export const METADATA_FILE = 'backup_metadata.json';
const MAX_METADATA_BYTES = 4 * 1024 * 1024;
const MAX_ENTRIES = 100_000;

const metadataSchema = z.object({
  timestamp: z.string(),
  databases: z.array(
    z.object({ name: z.string(), original_path: z.string(), size_bytes: z.number().int().min(0) }),
  ),
  /** Only Quackup writes this: such an archive is one of ours whose manifest is missing. */
  quackup: z.unknown().optional(),
});

export type OpenQuantMetadata = z.infer<typeof metadataSchema>;

/** A file in an archive: its name without the top folder, its length, and its bytes, to be read before the next one. */
export interface OpenQuantFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly bytes: AsyncIterable<Buffer>;
}

/** The key of the archive of this name, whether or not it is there. */
export function openQuantKey(name: string): ObjectKey | undefined {
  return /^backup_[A-Za-z0-9._=-]{1,200}$/.test(name) ? objectKey(`${name}.tar.gz`) : undefined;
}

/**
 * Reads an archive's files, one after another. A file that `visit` does not read is skipped. Ends early when `visit`
 * returns `stop`.
 *
 * @throws BACKUP_DAMAGED if it does not decompress or is not a tar file.
 * @throws ARCHIVE_HOSTILE if it holds a link, a device, a path that leaves it, or more entries than any backup.
 */
export async function readOpenQuantFiles(
  client: TargetClient,
  key: ObjectKey,
  visit: (file: OpenQuantFile) => Promise<'stop' | undefined>,
): Promise<void> {
  let stopped = false;
  let failure: unknown;
  let entries = 0;
  let visiting: Promise<void> = Promise.resolve();
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      entries += 1;
      const name =
        entries > MAX_ENTRIES ? hostile(key, `more than ${MAX_ENTRIES} entries`) : checkEntry(key, entry);
      if (name instanceof QuackupError) failure ??= name;
      if (typeof name !== 'string' || stopped || failure !== undefined) {
        entry.resume();
        return;
      }
      // The parser shows the next entry when this one has been read; what is done with it then may still take its time.
      const before = visiting;
      visiting = (async () => {
        try {
          stopped = (await visit({ name, sizeBytes: entry.size, bytes: entryBytes(entry) })) === 'stop';
        } catch (error) {
          failure ??= error;
        } finally {
          entry.resume();
        }
        await before;
      })();
    },
  });
  const ended = once(parser, 'end');
  ended.catch(() => {});
  try {
    await pipeline(Readable.from(client.read(key)), createGunzip(), async (source: AsyncIterable<Buffer>) => {
      for await (const bytes of source) {
        if (!parser.write(bytes)) await Promise.race([once(parser, 'drain'), ended]);
        if (stopped || failure !== undefined) throw new ReadEnough();
      }
      parser.end();
      await ended;
    });
    await visiting;
  } catch (error) {
    if (!(error instanceof ReadEnough)) {
      if (isTargetError(error) || (error instanceof QuackupError && error.code !== 'BACKUP_DAMAGED'))
        throw error;
      failure ??= new QuackupError(
        'BACKUP_DAMAGED',
        `${key} is not a whole tar.gz file: ${(error as Error).message}`,
        { cause: error },
      );
    }
  }
  if (failure !== undefined) throw failure;
}

/** Ends the reading of an archive of which nothing more is wanted. */
class ReadEnough extends Error {}

async function* entryBytes(entry: ReadEntry): AsyncGenerator<Buffer, void, undefined> {
  for await (const bytes of entry) yield bytes;
}

/** The name of a file to look at, undefined for what is left alone, an error for what no backup holds. */
function checkEntry(key: ObjectKey, entry: ReadEntry): string | undefined | QuackupError {
  const { path, type } = entry;
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (path.startsWith('/') || segments.includes('..') || /[\0\\]/.test(path)) {
    return hostile(key, `an entry ${JSON.stringify(path)}`);
  }
  if (type === 'Directory' || type === 'GNUDumpDir') return undefined;
  if (type !== 'File' && type !== 'OldFile' && type !== 'ContiguousFile')
    return hostile(key, `a ${type} ${JSON.stringify(path)}`);
  // Under one top folder or none; deeper files are left-overs of an export.
  return segments.length <= 2 ? segments.at(-1) : undefined;
}

function hostile(key: ObjectKey, what: string): QuackupError {
  return new QuackupError(
    'ARCHIVE_HOSTILE',
    `${key} holds ${what}, which no backup does; nothing of it was used`,
    {
      hint: 'find out where this archive comes from before you use anything in it',
    },
  );
}

/** @throws BACKUP_DAMAGED if it is not what OpenQuant writes. */
export async function parseOpenQuantMetadata(
  key: ObjectKey,
  file: OpenQuantFile,
): Promise<OpenQuantMetadata> {
  if (file.sizeBytes > MAX_METADATA_BYTES)
    throw new QuackupError('BACKUP_DAMAGED', `${key}: its metadata have ${file.sizeBytes} bytes`);
  const pieces: Buffer[] = [];
  for await (const piece of file.bytes) pieces.push(piece);
  try {
    return metadataSchema.parse(JSON.parse(Buffer.concat(pieces).toString('utf8')));
  } catch (error) {
    throw new QuackupError('BACKUP_DAMAGED', `${key}: its ${METADATA_FILE} cannot be read`, { cause: error });
  }
}

/**
 * The metadata of an archive.
 *
 * @returns undefined if it holds none: then it is no backup.
 */
export async function readOpenQuantMetadata(
  client: TargetClient,
  key: ObjectKey,
): Promise<OpenQuantMetadata | undefined> {
  let metadata: OpenQuantMetadata | undefined;
  await readOpenQuantFiles(client, key, async (file) => {
    if (file.name !== METADATA_FILE) return undefined;
    metadata = await parseOpenQuantMetadata(key, file);
    return 'stop';
  });
  return metadata;
}
