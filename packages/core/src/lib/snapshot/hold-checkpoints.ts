/** What is asked of a connection: as of `@duckdb/node-api`, or anything that can be wrapped to look like it. */
export interface SqlConnection {
  runAndReadAll(sql: string): Promise<{ getRowsJson(): readonly (readonly unknown[])[] }>;
}

/** More than any WAL grows to while a snapshot is taken. */
const NEVER = '1000TB';

/** The setting is one for the whole instance, so those who hold it at the same time share one value to go back to. */
const held = new Map<string, { holders: number; readonly threshold: string }>();

/**
 * Keeps DuckDB from checkpointing by itself, until disposed: then the threshold is what it was before. Explicit
 * checkpoints and bulk commits that skip the WAL still happen; the copy's rules see them.
 */
export async function holdCheckpoints(connection: SqlConnection): Promise<AsyncDisposable> {
  const [[path, threshold] = []] = (
    await connection.runAndReadAll(
      `SELECT (SELECT path FROM duckdb_databases() WHERE database_name = current_database()), current_setting('checkpoint_threshold')`,
    )
  ).getRowsJson();
  const key = String(path);
  const holding = held.get(key) ?? { holders: 0, threshold: String(threshold) };
  holding.holders += 1;
  held.set(key, holding);
  const set = async (value: string): Promise<void> => {
    await connection.runAndReadAll(`SET checkpoint_threshold = '${value.replaceAll("'", "''")}'`);
  };
  const release = async (): Promise<void> => {
    holding.holders -= 1;
    if (holding.holders > 0) return;
    held.delete(key);
    await set(holding.threshold);
  };
  try {
    await set(NEVER);
  } catch (error) {
    await release();
    throw error;
  }
  return { [Symbol.asyncDispose]: release };
}
