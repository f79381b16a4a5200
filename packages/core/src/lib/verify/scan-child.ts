/**
 * Opens a database in a process of its own and reads every column of every table. A damaged file may end this process in
 * any way; that is why it is one. Prints one line of JSON.
 *
 *     node scan-child.js <database>
 */
import { DuckDBInstance } from '@duckdb/node-api';

interface ScannedTable {
  readonly schema: string;
  readonly table: string;
  readonly rows: number;
  readonly contentHash: string;
  readonly sizeBytes?: number;
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

async function scan(path: string): Promise<{ engine: string; tables: ScannedTable[] }> {
  const instance = await DuckDBInstance.create(path, {
    // The file comes from a backup and may be anyone's: it reaches nothing but itself.
    enable_external_access: 'false',
    autoinstall_known_extensions: 'false',
    memory_limit: '1GB',
  });
  const connection = await instance.connect();
  const rows = async (sql: string): Promise<unknown[][]> =>
    (await connection.runAndReadAll(sql)).getRowsJson();
  const [[engine]] = (await rows('SELECT version()')) as [[string]];
  const columns = new Map<string, { schema: string; table: string; names: string[] }>();
  const listed = await rows(`
    SELECT t.schema_name, t.table_name, c.column_name
    FROM duckdb_tables() t JOIN duckdb_columns() c USING (database_oid, schema_oid, table_oid)
    WHERE NOT t.internal AND NOT t.temporary AND t.database_name = current_database()
    ORDER BY t.schema_name, t.table_name, c.column_index`);
  for (const [schema, table, column] of listed as [string, string, string][]) {
    const key = JSON.stringify([schema, table]);
    const entry = columns.get(key) ?? { schema, table, names: [] };
    entry.names.push(column);
    columns.set(key, entry);
  }
  /** Undefined if DuckDB does not say: what all the data was read from is not damaged for want of a size. */
  const sizeOf = async (schema: string, table: string): Promise<number | undefined> => {
    // The function takes no name with such characters.
    if (/["'\0]/.test(schema + table)) return undefined;
    try {
      const [[bytes]] = (await rows(
        `SELECT (count(DISTINCT block_id) * (SELECT block_size FROM pragma_database_size() WHERE database_name = current_database()))::VARCHAR
         FROM pragma_storage_info('${quote(schema)}.${quote(table)}') WHERE persistent AND block_id >= 0`,
      )) as [[string | null]];
      return bytes === null ? undefined : Number(bytes);
    } catch {
      return undefined;
    }
  };
  const tables: ScannedTable[] = [];
  for (const { schema, table, names } of columns.values()) {
    // A sum, so that the order of rows plays no part; unlike XOR it does not lose rows that occur twice.
    const [[count, hash]] = (await rows(
      `SELECT count(*)::VARCHAR, coalesce(sum(hash(${names.map(quote).join(', ')})::HUGEINT), 0)::VARCHAR FROM ${quote(schema)}.${quote(table)}`,
    )) as [[string, string]];
    const sizeBytes = await sizeOf(schema, table);
    tables.push({
      schema,
      table,
      rows: Number(count),
      contentHash: BigInt(hash).toString(16).padStart(32, '0'),
      ...(sizeBytes !== undefined && { sizeBytes }),
    });
  }
  connection.closeSync();
  instance.closeSync();
  return { engine, tables };
}

try {
  const result = await scan(process.argv[2] ?? '');
  process.stdout.write(`${JSON.stringify(result)}\n`);
} catch (error) {
  process.stdout.write(
    `${JSON.stringify({ error: error instanceof Error ? error.message : String(error) })}\n`,
  );
  process.exitCode = 1;
}
