import { join } from 'node:path';

import { expect, test } from 'vitest';

import { identifyWriters } from '../../src/lib/snapshot/writer-identity.ts';
import { runSql, tempFolder } from '../make-database.ts';
import { Actor } from './actor.ts';

test.runIf(process.platform === 'linux')('who writes a database is told from everybody else', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'a.duckdb');
  runSql(path, 'CREATE TABLE t AS SELECT 1 AS i', 'CHECKPOINT');
  expect(await identifyWriters(path)).toBe('');
  const seen: string[] = [];
  for (const mode of ['READ_WRITE', 'READ_WRITE', 'READ_ONLY']) {
    await using _actor = await Actor.open(path, { access_mode: mode });
    seen.push(await identifyWriters(path));
    expect(await identifyWriters(path)).toBe(seen.at(-1));
  }
  const [first, second, reader] = seen;
  expect(first).toMatch(/^\d+ since \d+$/);
  expect(second).not.toBe(first);
  expect(reader).toBe('');
});
