import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { zstdDecompressSync } from 'node:zlib';

const FOLDER = fileURLToPath(new URL('../../../../packages/duckdb-file/golden/files/', import.meta.url));

/** Writes a file of the golden databases of `@quackup/duckdb-file`, made by real engines, to `path`. */
export function putGolden(name: string, role: 'duckdb' | 'wal', path: string): void {
  writeFileSync(path, zstdDecompressSync(readFileSync(`${FOLDER}${name}.${role}.zst`)));
}

/** Rows by table, as the engine that wrote it said. */
export function goldenRows(name: string): Readonly<Record<string, number>> {
  const { facts } = JSON.parse(readFileSync(`${FOLDER}${name}.json`, 'utf8')) as {
    facts: { rows: Record<string, number> };
  };
  return facts.rows;
}
