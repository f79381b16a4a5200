/**
 * Writes one golden database with one engine and dies by SIGKILL, so that the WAL stays as a crash leaves it.
 * Started by make.ts: `node scenario.ts ENGINES_FOLDER '{"engine":…}'`; prints what DuckDB itself says as JSON.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** What make.ts asks for. */
export interface Scenario {
  /** Alias of the engine in package.json, without `duckdb-`. */
  readonly engine: string;
  /** Path of the database to create. */
  readonly file: string;
  readonly blockSize: number;
  /** As ATTACH takes it; absent: the engine's default. */
  readonly storageVersion?: string;
  /**
   * - `fresh`: nothing was ever written but an empty table's checkpoint.
   * - `busy`: a free list, then commits of all kinds in the WAL.
   * - `marker-before-header`, `marker-after-header`: died within a checkpoint, before or after the header was written.
   * - `encrypted`: as busy but small.
   */
  readonly kind: 'fresh' | 'busy' | 'marker-before-header' | 'marker-after-header' | 'encrypted';
}

/** What DuckDB said of the database. Block facts are those of the last checkpoint, rows those after the WAL. */
export interface Facts {
  readonly totalBlocks: number;
  readonly usedBlocks: number;
  readonly freeBlocks: number;
  readonly blockSize: number;
  /** Metadata blocks with the indexes of their free sub-blocks. */
  readonly metadata: readonly { readonly block: number; readonly freeSubBlocks: readonly number[] }[];
  /** Blocks that hold table data. */
  readonly dataBlocks: readonly number[];
  readonly rows: Readonly<Record<string, number>>;
  /** Transactions that were committed after the last whole checkpoint. */
  readonly commitsAfterCheckpoint: number;
  readonly engineVersion: string;
  readonly error?: string;
}

type Cell = string | number | bigint | boolean | null;
interface Connection {
  run(sql: string): Promise<{ getRows(): Promise<readonly (readonly Cell[])[]> }>;
}
interface Engine {
  readonly DuckDBInstance: { create(path: string): Promise<{ connect(): Promise<Connection> }> };
}

const [enginesFolder = '', request = '{}'] = process.argv.slice(2);
const scenario: Scenario = JSON.parse(request);
const engine: Engine = createRequire(join(enginesFolder, 'package.json'))(`duckdb-${scenario.engine}`);
const connection = await (await engine.DuckDBInstance.create(':memory:')).connect();
const query = async (sql: string): Promise<readonly (readonly Cell[])[]> => (await connection.run(sql)).getRows();
const run = async (...statements: readonly string[]): Promise<void> => {
  for (const sql of statements) await connection.run(sql);
};

/** Rows that compress somewhat, so that the golden files stay small but fill several blocks. */
const rowsOf = (count: number): string =>
  `SELECT (range * 7919) % 10007 AS i, 'name ' || (range * 31 % 97) AS s FROM range(${count})`;

async function blockFacts(tables: readonly string[]): Promise<Omit<Facts, 'rows' | 'commitsAfterCheckpoint' | 'engineVersion'>> {
  const [size = []] = await query(
    `SELECT block_size, total_blocks, used_blocks, free_blocks FROM pragma_database_size() WHERE database_name = 'd'`,
  );
  const metadata = await query(`SELECT block_id, CAST(free_list AS VARCHAR) FROM pragma_metadata_info('d')`);
  const data = new Set<number>();
  for (const table of tables) {
    for (const [id] of await query(
      `SELECT block_id FROM pragma_storage_info('${table}') WHERE persistent AND block_id >= 0`,
    )) {
      data.add(Number(id));
    }
  }
  const [blockSize, totalBlocks, usedBlocks, freeBlocks] = size.map(Number);
  return {
    blockSize: blockSize ?? -1,
    totalBlocks: totalBlocks ?? -1,
    usedBlocks: usedBlocks ?? -1,
    freeBlocks: freeBlocks ?? -1,
    metadata: metadata.map(([block, free]) => ({
      block: Number(block),
      freeSubBlocks: JSON.parse(String(free)),
    })),
    dataBlocks: [...data].sort((a, b) => a - b),
  };
}

async function rowCounts(tables: readonly string[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of tables) counts[table] = Number((await query(`SELECT count(*) FROM ${table}`))[0]?.[0]);
  return counts;
}

const options = [
  `BLOCK_SIZE ${scenario.blockSize}`,
  ...(scenario.storageVersion === undefined ? [] : [`STORAGE_VERSION '${scenario.storageVersion}'`]),
  ...(scenario.kind === 'encrypted' ? [`ENCRYPTION_KEY 'golden'`] : []),
];
// 1.5 writes encrypted files only with OpenSSL from an extension, or when told that the built-in code will do.
if (scenario.kind === 'encrypted' && scenario.engine === '1.5') await run(`SET force_mbedtls_unsafe = true`);
await run(
  `SET wal_autocheckpoint = '1TB'`,
  `SET threads = 1`,
  `ATTACH '${scenario.file}' AS d (${options.join(', ')})`,
  `USE d`,
);

let tables: string[] = ['a'];
let commits = 0;
let error: string | undefined;
const commit = async (...statements: readonly string[]): Promise<void> => {
  await run(...statements);
  commits += 1;
};

let facts: Awaited<ReturnType<typeof blockFacts>>;
if (scenario.kind === 'fresh') {
  await run(`CREATE TABLE a (i INTEGER)`, `CHECKPOINT d`);
  facts = await blockFacts(tables);
} else {
  const count = scenario.kind === 'encrypted' ? 10 : scenario.blockSize === 16_384 ? 12_000 : 150_000;
  await run(`CREATE TABLE a AS ${rowsOf(count)}`, `CREATE TABLE b AS ${rowsOf(count)}`, `CREATE TABLE c AS ${rowsOf(10)}`);
  await run(`CHECKPOINT d`, `DROP TABLE b`, `CHECKPOINT d`, `DELETE FROM a WHERE i % 3 = 0`, `CHECKPOINT d`);
  tables = ['a', 'c'];
  facts = await blockFacts(tables);
  await commit(`INSERT INTO a VALUES (1, 'one'), (2, NULL)`);
  await commit(`UPDATE a SET s = 'two' WHERE i = 2`);
  if (scenario.kind === 'busy') {
    await commit(`BEGIN`, `DELETE FROM a WHERE i = 1`, `CREATE VIEW v AS SELECT * FROM a`, `COMMIT`);
    await run(`BEGIN`, `INSERT INTO a VALUES (3, 'never')`, `ROLLBACK`);
    await commit(`CREATE TABLE e (i BIGINT)`);
    // More than a row group (122,880 rows) in one transaction goes to the file at once, and only its place to the WAL.
    await commit(`INSERT INTO e SELECT 7 FROM range(250000)`);
    tables = ['a', 'c', 'e'];
  }
}
const rows = await rowCounts(tables);
const engineVersion = String((await query(`SELECT library_version FROM pragma_version()`))[0]?.[0]);
if (scenario.kind.startsWith('marker')) {
  const where = scenario.kind === 'marker-before-header' ? 'before_header' : 'before_truncate';
  await run(`SET debug_checkpoint_abort = '${where}'`);
  error = await connection.run(`CHECKPOINT d`).then(
    () => 'the checkpoint was not aborted',
    (reason: unknown) => String(reason).split('\n')[0] ?? '',
  );
}
const result: Facts = {
  ...facts,
  rows,
  commitsAfterCheckpoint: commits,
  engineVersion,
  ...(error === undefined ? {} : { error }),
};
process.stdout.write(JSON.stringify(result), () => process.kill(process.pid, 'SIGKILL'));
