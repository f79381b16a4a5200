import { join } from 'node:path';

import { afterEach, expect, test, vi } from 'vitest';

import { ScratchFolder } from '../../src/lib/process/scratch-folder.ts';
import { DatabaseReader } from '../../src/lib/snapshot/database-reader.ts';
import { freezeDatabase } from '../../src/lib/snapshot/freeze.ts';
import { writeSnapshot } from '../../src/lib/snapshot/write-snapshot.ts';
import { tempFolder } from '../make-database.ts';
import { Actor } from './actor.ts';
import { beforeFirstBlock } from './between-passes.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const ROWS = 1_000_000;
const open = (path: string): readonly string[] => [
  "SET force_mbedtls_unsafe = 'true'",
  `ATTACH '${path}' AS a (ENCRYPTION_KEY 'secret')`,
  'USE a',
];

test('an encrypted database that grows while it is copied is copied to its end', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'a.duckdb');
  await using writer = await Actor.open(':memory:');
  await writer.sql(...open(path), "SET checkpoint_threshold = '1GB'");
  await writer.sql('CREATE TABLE t AS SELECT hash(i) AS h FROM range(300000) r(i)', 'CHECKPOINT');
  // Rows that are written ahead, behind everything else: the head stays what it is.
  beforeFirstBlock(async () => {
    await writer.sql(`INSERT INTO t SELECT hash(-i) FROM range(${ROWS}) r(i)`);
  });
  await using scratch = await ScratchFolder.create(folder.path);
  await using snapshot = await freezeDatabase(await DatabaseReader.open(path), {
    name: 'a',
    scratch,
    waitMs: 20_000,
    clone: false,
  });
  expect(snapshot).toMatchObject({ method: 'quiet', passes: 2 });
  const to = join(folder.path, 'copy.duckdb');
  await writeSnapshot(snapshot, to);
  await using copy = await Actor.open(':memory:');
  expect(await copy.sql(...open(to), 'SELECT count(*)::INTEGER, bit_xor(h)::VARCHAR FROM t')).toEqual(
    await writer.sql('SELECT count(*)::INTEGER, bit_xor(h)::VARCHAR FROM t'),
  );
}, 60_000);
