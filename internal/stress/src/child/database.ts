import { createRequire } from 'node:module';

/** What is used of `@duckdb/node-api`, of any version. */
export interface Connection {
  /** A result that is computed as its rows are fetched. */
  stream(sql: string): Promise<{ fetchChunk(): Promise<{ readonly rowCount: number } | null> }>;
  run(sql: string): Promise<unknown>;
  runAndReadAll(sql: string): Promise<{ getRows(): unknown[][] }>;
}

export interface Instance {
  connect(): Promise<Connection>;
  closeSync?(): void;
}

interface NodeApi {
  readonly DuckDBInstance: { create(path?: string, options?: Record<string, string>): Promise<Instance> };
}

/** @param modulePath The package's entry, of the engine's version. */
export function loadEngine(modulePath: string): NodeApi['DuckDBInstance'] {
  return (createRequire(import.meta.url)(modulePath) as NodeApi).DuckDBInstance;
}

/** The first row's values as numbers. */
export async function numbers(connection: Connection, sql: string): Promise<number[]> {
  const [row = []] = (await connection.runAndReadAll(sql)).getRows();
  return row.map(Number);
}
