/** Instant clones, on file systems that can: the same promise, judged by the same rules, and nothing is read twice. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { createBackup, restoreBackup, snapshot } from '@quackup/core';
import { checkInvariant, runSql, startWriter } from '@quackup/fixtures';
import { describe, expect, test } from 'vitest';

import { localBackups } from './support/local-backups.ts';
import { LoopDisk, whyNoLoopDisk } from './support/loop-disk.ts';
import { tempFolder } from './support/temp-folder.ts';

const ROUNDS = 4;
const BALLAST_ROWS = 200_000;

async function eventsSeen(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe.each(['btrfs', 'xfs'] as const)('on %s', (type) => {
  const whyNot = whyNoLoopDisk(type);
  const title = `a database in use is cloned${whyNot === undefined ? '' : ` (skipped: ${whyNot})`}`;

  test.skipIf(whyNot !== undefined)(title, { timeout: 400_000 }, async () => {
    await using folder = await tempFolder();
    using disk = new LoopDisk(folder.path, type);
    const database = join(disk.path, 'ledger.duckdb');
    await runSql(database, [
      `CREATE TABLE ballast AS SELECT md5(i::VARCHAR) AS s FROM range(${BALLAST_ROWS}) r(i)`,
    ]);
    // Several checkpoints a second: some clones are refused, and another is made.
    await using writer = await startWriter(database, { checkpointThreshold: 500_000 });
    await writer.waitFor(100);
    const states: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const before = writer.lastAcknowledged;
      const to = join(disk.path, `copy-${round}.duckdb`);
      const taken = await snapshot(database, { to });
      await eventsSeen();
      const after = writer.lastAcknowledged + 1;
      expect(taken.method).toBe('hot');
      // Blocks are counted where they are read from the database: a clone reads none.
      expect(taken.bytesRead).toBeUndefined();
      const { commits } = await checkInvariant(to);
      expect(commits).toBeGreaterThanOrEqual(before);
      expect(commits).toBeLessThanOrEqual(after);
      states.push(commits);
      for (const file of taken.files) await rm(file.path, { force: true });
    }
    expect(new Set(states).size).toBe(ROUNDS);

    const target = localBackups(join(folder.path, 'backups'));
    const before = writer.lastAcknowledged;
    const { backup } = await createBackup({
      databases: [{ name: 'ledger.duckdb', path: database }],
      targets: [target],
      tempDir: join(disk.path, 'temp'),
    });
    await mkdir(join(folder.path, 'restored'));
    await restoreBackup(target, backup, { restoreDir: join(folder.path, 'restored') });
    const { commits } = await checkInvariant(join(folder.path, 'restored', 'ledger.duckdb'));
    expect(commits).toBeGreaterThanOrEqual(before);
  });
});
