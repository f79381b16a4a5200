import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, extname, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import { DEFAULT_WAIT_MS } from '../api.ts';
import type { SnapshotMethod } from '../api.ts';
import { ERROR_CODES, type ErrorCode, QuackupError } from '../errors.ts';
import { checkNothingInTheWay } from './write-snapshot.ts';
import { holdCheckpoints, type SqlConnection } from './hold-checkpoints.ts';

export interface TakeSnapshotOptions {
  /** The copy: a file that does not exist yet. Its WAL, if it has one, lies beside it as `<to>.wal`. */
  readonly to: string;
  /** How long the database may take to come to rest, milliseconds. Default: 120,000. */
  readonly waitMs?: number;
  /**
   * Stop the process that writes the database for at most this many milliseconds at a time, if no copy comes to rest
   * without. Default: never. Linux and macOS.
   */
  readonly pauseWriterMs?: number;
  /**
   * Folder for what must be frozen. Default: the folder of `to`. On the same file system what is frozen becomes the copy; on another
   * one it is written once more.
   */
  readonly tempDir?: string;
  /**
   * A connection to the database, if this process has it open: automatic checkpoints are held back while the snapshot is
   * taken, which makes it come to rest sooner. Not needed for anything else.
   */
  readonly connection?: SqlConnection;
  readonly signal?: AbortSignal;
}

export interface TakenSnapshot {
  readonly path: string;
  readonly to: string;
  readonly method: SnapshotMethod;
  /** When the copy's state was the database's state. ISO 8601, UTC. */
  readonly takenAt: string;
  /** The files that were written, the database first. */
  readonly files: readonly { readonly path: string; readonly sizeBytes: number }[];
  readonly warnings: readonly string[];
  /** How often the database was gone through. */
  readonly passes: number;
  /** Bytes of blocks that were read from a database in use, over all passes. */
  readonly bytesRead?: number;
}

const answerSchema = z.union([
  z.object({
    result: z.object({
      method: z.enum(['at-rest', 'hot', 'quiet']),
      takenAt: z.string(),
      files: z.array(
        z.object({
          role: z.enum(['database', 'wal', 'wal.checkpoint', 'wal.recovery']),
          sizeBytes: z.number(),
        }),
      ),
      warnings: z.array(z.string()),
      passes: z.number(),
      bytesRead: z.number().exactOptional(),
    }),
  }),
  z.object({
    error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }),
  }),
]);

/** The child's script: TypeScript in the repository, JavaScript in the package. */
const CHILD = fileURLToPath(
  new URL(`./snapshot-child${extname(fileURLToPath(import.meta.url))}`, import.meta.url),
);

/**
 * Copies a database, in use or not, as one consistent state: one that was committed at a moment between call and return,
 * and that holds everything that was committed before the call.
 *
 * May be called in the process that has the database open: it is read in a child process, since opening and closing the
 * file here would drop DuckDB's lock. Writes nothing near the database. The copy exists at `to` exactly when it is
 * complete and synced. It goes to the disk in small portions, with as much time between them, so that the writer is not held up,
 * and on Linux the child keeps to one processor, if there is `taskset`.
 *
 * @param path The database file.
 * @throws DATABASE_NOT_FOUND, DATABASE_UNREADABLE, NOT_A_DATABASE, DATABASE_DAMAGED if it cannot be copied for good.
 * @throws DATABASE_NOT_AT_REST if no copy was consistent within `waitMs`.
 * @throws DATABASE_REPLACED if another file takes the database's place.
 * @throws WAL_IN_DOUBT if its WAL cannot be told, or lies where it is not looked for.
 * @throws TARGET_EXISTS if anything is at `to`, or where a sidecar of it would be.
 * @throws NO_SPACE if the copy does not fit.
 * @throws SNAPSHOT_FAILED if the child process could not do its work.
 */
export async function snapshot(path: string, options: TakeSnapshotOptions): Promise<TakenSnapshot> {
  const { waitMs = DEFAULT_WAIT_MS, pauseWriterMs, connection, signal } = options;
  const from = resolve(path);
  const to = resolve(options.to);
  const tempDir = resolve(options.tempDir ?? dirname(to));
  signal?.throwIfAborted();
  // Not only to be told early: the child must not be asked to write where this process may have something open.
  await checkNothingInTheWay(to);
  await using _held = connection === undefined ? undefined : await holdCheckpoints(connection);
  const answer = await askChild(
    { path: from, to, waitMs, tempDir, ...(pauseWriterMs !== undefined && { pauseWriterMs }) },
    signal,
  );
  if ('error' in answer) {
    const { code, message, hint } = answer.error;
    throw new QuackupError(
      isErrorCode(code) ? code : 'INTERNAL',
      message,
      hint === undefined ? {} : { hint },
    );
  }
  const { files, ...result } = answer.result;
  return {
    path: from,
    to,
    ...result,
    files: files.map(({ role, sizeBytes }) => ({
      path: role === 'database' ? to : `${to}.${role}`,
      sizeBytes,
    })),
  };
}

async function askChild(
  request: unknown,
  signal: AbortSignal | undefined,
): Promise<z.infer<typeof answerSchema>> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', CHILD], {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(signal ? { signal, killSignal: 'SIGTERM' as const } : {}),
  });
  // A child that dies before it has read its request says more by its end than by the broken pipe.
  child.stdin.on('error', () => undefined);
  child.stdin.end(JSON.stringify(request));
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  let end: string;
  try {
    const [code, killedBy] = (await once(child, 'close')) as [number | null, string | null];
    end = killedBy === null ? `exit code ${code}` : `signal ${killedBy}`;
  } catch (error) {
    signal?.throwIfAborted();
    throw new QuackupError('SNAPSHOT_FAILED', 'the process that takes the snapshot could not be started', {
      cause: error,
    });
  }
  const [stdout, stderr] = await output;
  const answer = answerSchema.safeParse(parseLine(stdout));
  if (answer.success) return answer.data;
  throw new QuackupError(
    'SNAPSHOT_FAILED',
    `the process that takes the snapshot ended with ${end}: ${stderr.trim().split('\n').at(-1) ?? ''}`,
    { hint: 'the database was not touched; run it again' },
  );
}

function parseLine(output: string): unknown {
  try {
    return JSON.parse(output);
  } catch {
    return undefined;
  }
}

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERROR_CODES, code);
