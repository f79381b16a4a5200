import { join } from 'node:path';

import { expect, test } from 'vitest';

import { ScratchFolder } from '../../src/lib/process/scratch-folder.ts';
import { openSnapshot } from '../../src/lib/snapshot/open-snapshot.ts';
import { writeSnapshot } from '../../src/lib/snapshot/write-snapshot.ts';
import { runSql, tempFolder } from '../make-database.ts';
import { Actor } from './actor.ts';

/** A crash in the middle of a checkpoint: a marker in the WAL, and no header. */
async function crash(path: string): Promise<void> {
  await using writer = await Actor.open(path);
  await writer.sql('CREATE TABLE t AS SELECT range AS i FROM range(1000)', 'CHECKPOINT');
  await writer.sql(
    'INSERT INTO t SELECT range FROM range(5)',
    "SET debug_checkpoint_abort = 'before_header'",
  );
  await expect(writer.sql('CHECKPOINT')).rejects.toThrow('Checkpoint aborted');
}

// Only Linux tells for certain who has which lock.
test.runIf(process.platform === 'linux').each([
  ['in place', false],
  ['from a frozen copy', true],
])('what a crash left is read %s also while somebody has it open READ_ONLY', async (_, freeze) => {
  using folder = tempFolder();
  const path = join(folder.path, 'a.duckdb');
  await crash(path);
  await using holder = await Actor.open(path, { access_mode: 'READ_ONLY' });
  const to = join(folder.path, 'copy.duckdb');
  await using scratch = await ScratchFolder.create(folder.path);
  await using snapshot = await openSnapshot({ name: 'a', path }, { scratch, waitMs: 5_000, freeze });
  expect(snapshot.method).toBe('quiet');
  await writeSnapshot(snapshot, to);
  await snapshot.confirm();
  await holder[Symbol.asyncDispose]();
  expect(runSql(to, 'SELECT count(*)::INTEGER FROM t')).toEqual([[1005]]);
});
