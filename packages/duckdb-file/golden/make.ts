/**
 * Makes the golden files in golden/files: databases and WALs as real DuckDB engines write them, each with a JSON of
 * what DuckDB itself said of them. They are committed, so this runs only to add a case or an engine.
 *
 * The engines are not part of the workspace. From this folder, with any folder outside the repository:
 *
 *     mkdir /tmp/engines && cp package.json /tmp/engines && npm install --prefix /tmp/engines
 *     node make.ts /tmp/engines
 *
 * A file is stored as one zstd frame: `NAME.duckdb.zst`, `NAME.wal.zst` if there is a WAL, and `NAME.json`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, zstdCompressSync } from 'node:zlib';

import type { Facts, Scenario } from './scenario.ts';

type Case = Omit<Scenario, 'file'> & { readonly name: string };

const HERE = dirname(fileURLToPath(import.meta.url));
const OUT = join(HERE, 'files');
const LATEST: Readonly<Record<string, string>> = { '1.2': 'v1.2.0', '1.3': 'v1.3.0', '1.4': 'v1.4.0', '1.5': 'v1.5.0' };

function cases(): Case[] {
  const list: Case[] = [];
  for (const engine of ['1.1', '1.2', '1.3', '1.4', '1.5']) {
    const latest = LATEST[engine];
    for (const blockSize of [16_384, 262_144]) {
      const size = `${blockSize / 1024}k`;
      list.push({ name: `${engine}-default-${size}`, engine, blockSize, kind: 'busy' });
      if (latest !== undefined) {
        list.push({ name: `${engine}-latest-${size}`, engine, blockSize, storageVersion: latest, kind: 'busy' });
      }
    }
    list.push({ name: `${engine}-fresh`, engine, blockSize: 262_144, kind: 'fresh' });
    for (const kind of ['marker-before-header', 'marker-after-header'] as const) {
      list.push({ name: `${engine}-${kind}`, engine, blockSize: 16_384, kind });
    }
  }
  // Only later engines write storage version 66: for 1.3 itself its latest is 65.
  list.push({
    name: '1.5-v1.3.0-16k',
    engine: '1.5',
    blockSize: 16_384,
    storageVersion: 'v1.3.0',
    kind: 'busy',
  });
  for (const engine of ['1.4.0', '1.5']) {
    list.push({ name: `${engine}-encrypted`, engine, blockSize: 16_384, kind: 'encrypted' });
  }
  return list;
}

function pack(bytes: Uint8Array): Uint8Array {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 19 } });
}

function make(testCase: Case, engines: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'golden-'));
  try {
    const file = join(folder, 'golden.duckdb');
    const { name, ...scenario } = testCase;
    const child = spawnSync(
      process.execPath,
      [join(HERE, 'scenario.ts'), engines, JSON.stringify({ ...scenario, file } satisfies Scenario)],
      { encoding: 'utf8' },
    );
    if (child.signal !== 'SIGKILL') throw new Error(`${name}: ${child.stderr}`);
    const facts: Facts = JSON.parse(child.stdout);
    const database = pack(readFileSync(file));
    const wal = existsSync(`${file}.wal`) ? pack(readFileSync(`${file}.wal`)) : undefined;
    writeFileSync(join(OUT, `${name}.duckdb.zst`), database);
    if (wal !== undefined) writeFileSync(join(OUT, `${name}.wal.zst`), wal);
    writeFileSync(join(OUT, `${name}.json`), `${JSON.stringify({ scenario, facts })}\n`);
    const stored = database.length + (wal?.length ?? 0);
    process.stdout.write(`${name}: ${stored} bytes, blocks ${facts.usedBlocks} of ${facts.totalBlocks} ${facts.error ?? ''}\n`);
    return stored;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const engines = process.argv[2];
if (engines === undefined) throw new Error('usage: node make.ts FOLDER_WITH_ENGINES');
rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
const total = cases().reduce((sum, testCase) => sum + make(testCase, engines), 0);
process.stdout.write(`${total} bytes in all\n`);
