import { randomInt } from 'node:crypto';

import { thresholdShownAs } from './checkpoint-threshold.ts';

/** What is asked of a connection: as of `@duckdb/node-api`, or anything that can be wrapped to look like it. */
export interface SqlConnection {
  runAndReadAll(sql: string): Promise<{ getRowsJson(): readonly (readonly unknown[])[] }>;
}

/** Some number of PiB, more than any WAL grows to while a snapshot is taken. */
const LEAST_MARK = 1024;
/** From here on DuckDB's own arithmetic may not bear it. */
const END_OF_MARKS = 8192;

/** Checkpoints that are held back in one instance, by one or several. */
interface Holding {
  holders: number;
  /** The threshold to go back to, bytes. */
  readonly before: number;
}

/**
 * By the threshold that holds them back, as DuckDB shows it: the setting is one for the whole instance, and nothing
 * else tells which instance a connection belongs to. So each holding has a threshold that no other one has, and
 * whoever sees it takes part in that holding. One that could not be set back stays here, and the next one that sees it does.
 */
const held = new Map<string, Holding>();

/** By what the instance has open: each reads what the last one has set. Where two instances have the same, nothing is lost. */
const turns = new Map<string, Promise<void>>();

/**
 * Keeps DuckDB from checkpointing by itself, until disposed: then the threshold is what it was before, or what somebody
 * has set meanwhile. Explicit checkpoints and bulk commits that skip the WAL still happen; the copy's rules see them.
 *
 * Does nothing if the threshold is a PiB or more: then DuckDB does not checkpoint by itself anyway, and who has set it
 * (a user, or a holder in another thread) is who sets it back.
 */
export async function holdCheckpoints(connection: SqlConnection): Promise<AsyncDisposable> {
  const open = await openIn(connection);
  const mark = await inTurn(open, () => hold(connection));
  return {
    [Symbol.asyncDispose]: async () => {
      if (mark !== undefined) await inTurn(open, () => letGo(connection, mark));
    },
  };
}

/** @returns the threshold that holds them back; undefined if it was so high already. */
async function hold(connection: SqlConnection): Promise<string | undefined> {
  const shown = await threshold(connection);
  const holding = held.get(shown);
  if (holding !== undefined) {
    holding.holders += 1;
    return shown;
  }
  const before = thresholdShownAs(shown);
  if (before === undefined) return undefined;
  const size = newMark();
  held.set(markOf(size), { holders: 1, before });
  try {
    // PiB is a unit that DuckDB shows and does not read.
    await setThreshold(connection, `${size * 1024} TiB`);
  } catch (error) {
    held.delete(markOf(size));
    throw error;
  }
  return markOf(size);
}

async function letGo(connection: SqlConnection, mark: string): Promise<void> {
  const holding = held.get(mark);
  if (holding === undefined) return;
  holding.holders -= 1;
  if (holding.holders > 0) return;
  const isOurs = (await threshold(connection)) === mark;
  // Somebody may take part by now who did not wait for us.
  if (holding.holders > 0) return;
  if (isOurs) await setThreshold(connection, `${holding.before} bytes`);
  held.delete(mark);
}

const markOf = (size: number): string => `${size}.0 PiB`;

/** Any that is not in use here; chance keeps it apart from those of other threads. */
function newMark(): number {
  for (;;) {
    const size = randomInt(LEAST_MARK, END_OF_MARKS);
    if (!held.has(markOf(size))) return size;
  }
}

async function threshold(connection: SqlConnection): Promise<string> {
  const answer = await connection.runAndReadAll("SELECT current_setting('checkpoint_threshold')");
  return String(answer.getRowsJson()[0]?.[0]);
}

async function setThreshold(connection: SqlConnection, value: string): Promise<void> {
  await connection.runAndReadAll(`SET checkpoint_threshold = '${value}'`);
}

/** The files that a connection's instance has open. */
async function openIn(connection: SqlConnection): Promise<string> {
  const answer = await connection.runAndReadAll(
    'SELECT DISTINCT path FROM duckdb_databases() WHERE path IS NOT NULL ORDER BY path',
  );
  return JSON.stringify(answer.getRowsJson());
}

async function inTurn<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
  const result = (turns.get(key) ?? Promise.resolve()).then(work);
  const end = result.then(
    () => undefined,
    () => undefined,
  );
  turns.set(key, end);
  try {
    return await result;
  } finally {
    if (turns.get(key) === end) turns.delete(key);
  }
}
