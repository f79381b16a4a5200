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
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

import { Parser, type ReadEntry } from 'tar';
import { type ObjectKey, objectKey } from '@quackup/target-api';
import { z } from 'zod';

import { QuackupError } from '../errors.ts';
import { listOf } from '../format/schema.ts';

export const METADATA_FILE = 'backup_metadata.json';
const MAX_METADATA_BYTES = 4 * 1024 * 1024;
const MAX_ENTRIES = 100_000;

const metadataSchema = z.object({
  timestamp: z.string(),
  databases: listOf(
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

/** Where the bytes of archives come from: a target, or the file system. */
export interface ArchiveBytes<Key extends string> {
  read(key: Key): AsyncIterable<Buffer>;
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
 * @throws whatever the target or `visit` throws, as it is.
 */
export async function readOpenQuantFiles<Key extends string = ObjectKey>(
  client: ArchiveBytes<Key>,
  key: Key,
  visit: (file: OpenQuantFile) => Promise<'stop' | undefined>,
): Promise<void> {
  let stopped = false;
  let failure: unknown;
  let entries = 0;
  const names = new Set<string>();
  let visiting: Promise<void> = Promise.resolve();
  let reader: EntryReader | undefined;
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      entries += 1;
      const name =
        entries > MAX_ENTRIES ? hostile(key, `more than ${MAX_ENTRIES} entries`) : checkEntry(key, entry);
      if (name instanceof QuackupError) failure ??= name;
      else if (name !== undefined && names.has(name))
        failure ??= hostile(key, `${JSON.stringify(name)} twice`);
      else if (name !== undefined) names.add(name);
      if (typeof name !== 'string' || stopped || failure !== undefined) {
        entry.resume();
        return;
      }
      // The parser shows the next entry when this one has been read; what is done with it then may still take its time.
      const before = visiting;
      const reading = new EntryReader(entry);
      reader = reading;
      visiting = (async () => {
        try {
          if ((await visit({ name, sizeBytes: entry.size, bytes: reading.bytes() })) === 'stop')
            stopped = true;
        } catch (error) {
          if (!stopped) failure ??= error;
        } finally {
          entry.resume();
        }
        await before;
      })();
    },
  });
  parser.on('ignoredEntry', ({ path, type }) => {
    failure ??= hostile(key, `an entry ${JSON.stringify(path)} of the unknown type ${type}`);
  });
  parser.on('error', (error: Error) => (failure ??= notWhole(key, error)));
  const ended = once(parser, 'end');
  ended.catch(() => {});
  const source = watched(client.read(key), (error) => (failure ??= error));
  try {
    await pipeline(source, createGunzip(), async (pieces: AsyncIterable<Buffer>) => {
      for await (const bytes of pieces) {
        if (!parser.write(bytes) && failure === undefined) await drained(parser);
        if (stopped || failure !== undefined) throw new ReadEnough();
      }
      parser.end();
      await ended;
    });
  } catch (error) {
    if (!(error instanceof ReadEnough)) failure ??= notWhole(key, error);
    // What has not come will not come: whoever reads the entry learns it, and has let go of its file before this ends.
    reader?.giveUp();
  }
  await visiting;
  if (failure !== undefined) throw failure;
}

/** Ends the reading of an archive of which nothing more is wanted. */
class ReadEnough extends Error {}

/** A target's bytes; `onError` is told of the target's own errors, which must not be taken for the archive's. */
async function* watched(
  pieces: AsyncIterable<Buffer>,
  onError: (error: unknown) => void,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* pieces;
  } catch (error) {
    onError(error);
    throw error;
  }
}

function notWhole(key: string, error: unknown): QuackupError {
  const { message } = error as Error;
  return new QuackupError('BACKUP_DAMAGED', `${key} is not a whole tar.gz file: ${message}`, {
    cause: error,
  });
}

/** The bytes of an entry for one reader, who can be sent away while it waits. */
class EntryReader {
  readonly #entry: ReadEntry;
  #isOver = false;
  #sendAway: ((reason: ReadEnough) => void) | undefined;

  constructor(entry: ReadEntry) {
    this.#entry = entry;
  }

  /** @throws ReadEnough if {@link giveUp} is called before the entry's last byte has come. */
  async *bytes(): AsyncGenerator<Buffer, void, undefined> {
    const pieces = this.#entry[Symbol.asyncIterator]();
    let left = this.#entry.size;
    while (left > 0) {
      const next = await this.#next(pieces);
      // The parser ends an entry also where the archive ends in the middle of it.
      if (next.done === true) throw new ReadEnough();
      left -= next.value.length;
      yield next.value;
    }
  }

  /** Nothing more will come. */
  giveUp(): void {
    this.#isOver = true;
    this.#sendAway?.(new ReadEnough());
  }

  #next(pieces: AsyncIterator<Buffer>): Promise<IteratorResult<Buffer>> {
    // Not a race with one promise for all pieces: that would keep something of each piece as long as it is pending.
    return new Promise((resolve, reject) => {
      if (this.#isOver) {
        reject(new ReadEnough());
        return;
      }
      this.#sendAway = reject;
      pieces.next().then(resolve, reject);
    });
  }
}

/** Resolves when the parser takes more, or never will. */
function drained(parser: Parser): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const events = ['drain', 'end', 'error'] as const;
  const done = (): void => {
    for (const event of events) parser.off(event, done);
    resolve();
  };
  for (const event of events) parser.on(event, done);
  return promise;
}

/** The name of a file to look at, undefined for what is left alone, an error for what no backup holds. */
function checkEntry(key: string, entry: ReadEntry): string | undefined | QuackupError {
  const { path, type } = entry;
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (path.startsWith('/') || segments.includes('..') || /[\0\\]|^[A-Za-z]:/.test(path)) {
    return hostile(key, `an entry ${JSON.stringify(path)}`);
  }
  if (type === 'Directory' || type === 'GNUDumpDir') return undefined;
  if (type !== 'File' && type !== 'OldFile' && type !== 'ContiguousFile')
    return hostile(key, `a ${type} ${JSON.stringify(path)}`);
  // Under one top folder or none; deeper files are left-overs of an export.
  return segments.length <= 2 ? segments.at(-1) : undefined;
}

function hostile(key: string, what: string): QuackupError {
  return new QuackupError(
    'ARCHIVE_HOSTILE',
    `${key} holds ${what}, which no backup does; nothing of it was used`,
    {
      hint: 'find out where this archive comes from before you use anything in it',
    },
  );
}

/** @throws BACKUP_DAMAGED if it is not what OpenQuant writes. */
async function parseOpenQuantMetadata(key: string, file: OpenQuantFile): Promise<OpenQuantMetadata> {
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
export async function readOpenQuantMetadata<Key extends string = ObjectKey>(
  client: ArchiveBytes<Key>,
  key: Key,
): Promise<OpenQuantMetadata | undefined> {
  let metadata: OpenQuantMetadata | undefined;
  await readOpenQuantFiles(client, key, async (file) => {
    if (file.name !== METADATA_FILE) return undefined;
    metadata = await parseOpenQuantMetadata(key, file);
    return 'stop';
  });
  return metadata;
}
