import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

import { objectKey } from '@quackup/target-api';
import { MemoryTarget } from '@quackup/target-testkit';
import { expect, test } from 'vitest';

import { cleanupBackups, createBackup } from '../../src/index.ts';
import { runSql, tempFolder } from '../make-database.ts';

test('a backup that a newer version wrote stays, whatever the policy', async () => {
  using folder = tempFolder();
  const path = `${folder.path}/a.duckdb`;
  runSql(path, 'CREATE TABLE t AS SELECT 1 AS i', 'CHECKPOINT');
  const memory = new MemoryTarget();
  const target = { name: 'memory', target: memory };
  const names: string[] = [];
  for (const day of [1, 2, 3]) {
    const clock = { now: () => new Date(Date.UTC(2026, 0, day)) };
    const made = await createBackup({ databases: [{ name: 'a', path }], targets: [target], clock });
    names.push(made.backup);
  }
  const [oldest = ''] = names;
  const key = objectKey(`${oldest}.json`);
  const text = Buffer.from(memory.objects.get(key) ?? new Uint8Array(0)).toString();
  const newer = resealed(text.replace('"format": 1', '"format": 3'));
  await memory.put(key, Readable.from([Buffer.from(newer)]), {});
  const clock = { now: () => new Date(Date.UTC(2026, 5, 1)) };
  const { kept, removed } = await cleanupBackups(target, { policy: { keepLast: 1 }, clock });
  expect(kept.map(({ name }) => name)).toContain(oldest);
  expect(removed.map(({ name }) => name)).toEqual([names[1]]);
});

/** The manifest's text with the hash that belongs to it: see docs/format.md. */
function resealed(text: string): string {
  const seal = /[0-9a-f]{64}(?="\n\}\n$)/;
  const blank = text.replace(seal, '0'.repeat(64));
  return blank.replace(seal, createHash('sha256').update(blank).digest('hex'));
}
