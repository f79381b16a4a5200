import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { ScratchFolder } from '../../src/lib/process/scratch-folder.ts';
import { DatabaseReader } from '../../src/lib/snapshot/database-reader.ts';
import { freezeDatabase } from '../../src/lib/snapshot/freeze.ts';
import type { Snapshot } from '../../src/lib/snapshot/snapshot.ts';
import { writeSnapshot } from '../../src/lib/snapshot/write-snapshot.ts';
import { runSql, tempFolder } from '../make-database.ts';

const HOLDER = fileURLToPath(new URL('child/restless-holder.ts', import.meta.url));
const WAIT_MS = 1_500;

async function iterationOf(path: string): Promise<bigint> {
  await using reader = await DatabaseReader.open(path);
  const { layout } = await reader.readHead();
  if (layout.kind !== 'clear') throw new Error('it is encrypted');
  return layout.active.iteration;
}

/** As from a slow source: longer for each block than the header stays. */
const slowly = (): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
};

test('where headers come faster than copies, time is bounded, and stopping the writer for a moment ends it', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'a.duckdb');
  runSql(
    ':memory:',
    `ATTACH '${path}' AS small (BLOCK_SIZE 16384)`,
    'CREATE TABLE small.t AS SELECT i, md5(i::VARCHAR) AS s FROM range(20000) r(i)',
    'CHECKPOINT small',
  );
  const holder = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', HOLDER, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(holder.stdout, 'data');
    await using scratch = await ScratchFolder.create(folder.path);
    const freeze = async (pauseWriterMs?: number): Promise<Snapshot> =>
      freezeDatabase(await DatabaseReader.open(path), {
        name: 'a',
        scratch,
        waitMs: WAIT_MS,
        clone: false,
        onBytes: slowly,
        pauseWriterMs,
      });
    const begunMs = performance.now();
    await expect(freeze()).rejects.toMatchObject({
      code: 'DATABASE_NOT_AT_REST',
      message: expect.stringContaining('the header moved') as string,
    });
    expect(performance.now() - begunMs).toBeGreaterThanOrEqual(WAIT_MS);
    if (process.platform === 'win32') return;

    await using snapshot = await freeze(1_000);
    expect(snapshot.passes).toBeGreaterThanOrEqual(4);
    const to = join(folder.path, 'copy.duckdb');
    await writeSnapshot(snapshot, to);
    expect(runSql(to, 'SELECT count(*)::INT, min(i)::INT FROM t')).toEqual([[20_001, -1]]);
    // The writer goes on.
    const then = await iterationOf(path);
    while ((await iterationOf(path)) === then);
  } finally {
    holder.kill('SIGKILL');
    await once(holder, 'close');
  }
}, 60_000);
