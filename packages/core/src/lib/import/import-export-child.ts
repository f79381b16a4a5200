/**
 * Loads an exported database into a new file, in a process of its own. The SQL of the export may be anyone's: DuckDB reads
 * and writes nothing outside of the folder (a copy of the export), loads no extension, and its settings are locked
 * before the first statement of it runs. Prints one line of JSON.
 *
 *     node import-export-child.js <folder> <database>
 */
import { DuckDBInstance } from '@duckdb/node-api';

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;

async function load(
  folder: string,
  database: string,
): Promise<{ engine: string; intervalColumns: string[] }> {
  const instance = await DuckDBInstance.create(database, {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    memory_limit: '1GB',
  });
  const connection = await instance.connect();
  await connection.run(`SET allowed_directories = [${text(folder)}]`);
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');
  await connection.run(`IMPORT DATABASE ${text(folder)}`);
  const rows = async (sql: string): Promise<unknown[][]> =>
    (await connection.runAndReadAll(sql)).getRowsJson();
  const [[engine]] = (await rows('SELECT version()')) as [[string]];
  const columns = (await rows(`
    SELECT c.table_name || '.' || c.column_name
    FROM duckdb_columns() c JOIN duckdb_tables() t USING (database_oid, schema_oid, table_oid)
    WHERE NOT t.internal AND t.database_name = current_database() AND contains(c.data_type, 'INTERVAL')
    ORDER BY ALL`)) as [string][];
  await connection.run('CHECKPOINT');
  connection.closeSync();
  instance.closeSync();
  return { engine, intervalColumns: columns.map(([name]) => name) };
}

try {
  const [, , folder = '', database = ''] = process.argv;
  process.stdout.write(`${JSON.stringify(await load(folder, database))}\n`);
} catch (error) {
  process.stdout.write(
    `${JSON.stringify({ error: error instanceof Error ? error.message : String(error) })}\n`,
  );
  process.exitCode = 1;
}
