/** The main promise, often enough to mean something: what is backed up under a writer is one of its states. */
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { createBackup, restoreBackup } from '@quackup/core';
import { checkInvariant, runSql, startWriter } from '@quackup/fixtures';
import { describe, expect, test } from 'vitest';

import { localBackups } from './support/local-backups.ts';
import { runQuackup } from './support/run-quackup.ts';
import { tempFolder } from './support/temp-folder.ts';

const ROUNDS = 25;
/** Every so many rounds the backup and the restore go through the command line; it makes the same calls as the others. */
const CLI_EVERY = 5;
/** So much that a copy takes some time, in which the writer goes on: rows of a table that it never touches, 28 bytes each. */
const BALLAST_ROWS = 800_000;

interface Restored {
  readonly round: number;
  readonly path: string;
  /** The last commit that was known to have returned before the backup began. */
  readonly before: number;
  /** The last commit that may have begun before the backup ended. */
  readonly after: number;
}

/** Resolves when everything that has reached this process by now has been looked at. */
async function eventsSeen(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** @returns which commit is the last in it. */
async function check({ round, path, before, after }: Restored): Promise<number> {
  const { commits } = await checkInvariant(path);
  expect(commits, `round ${round}: a commit that had returned is missing`).toBeGreaterThanOrEqual(before);
  expect(commits, `round ${round}: a commit that came after the backup is there`).toBeLessThanOrEqual(after);
  await rm(dirname(path), { recursive: true });
  return commits;
}

describe.each([
  { title: "DuckDB's own threshold for checkpoints", options: { commitsPerSecond: 200 } },
  // As fast as it can: several checkpoints a second, so that most copies meet one.
  { title: 'a checkpoint every 500 KB', options: { checkpointThreshold: 500_000 } },
])('under a writer with $title', ({ options }) => {
  test(`${ROUNDS} of ${ROUNDS} backups restore to one committed state`, { timeout: 240_000 }, async () => {
    await using folder = await tempFolder();
    const database = join(folder.path, 'ledger.duckdb');
    const backups = join(folder.path, 'backups');
    const target = localBackups(backups);
    const ballast = `CREATE TABLE ballast AS SELECT md5(i::VARCHAR) AS s FROM range(${BALLAST_ROWS}) r(i)`;
    await runSql(database, [ballast]);
    await using writer = await startWriter(database, options);
    await writer.waitFor(100);

    const checks: Promise<number>[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const restoreDir = join(folder.path, `restored-${round}`);
      await mkdir(restoreDir);
      const before = writer.lastAcknowledged;
      let name: string;
      if (round % CLI_EVERY === 0) {
        const run = await runQuackup(folder.path, 'backup', 'ledger.duckdb', '--json');
        expect(run.json, run.stderr).toMatchObject({ databases: [{ status: 'ok', method: 'hot' }] });
        name = (run.json as { backup: string }).backup;
      } else {
        const report = await createBackup({
          databases: [{ name: 'ledger.duckdb', path: database }],
          targets: [target],
          tempDir: join(folder.path, 'temp'),
        });
        expect(report.databases).toMatchObject([{ status: 'ok', method: 'hot' }]);
        name = report.backup;
      }
      await eventsSeen();
      // The writer says that a commit is done before it begins the next one: one more may have been under way.
      const after = writer.lastAcknowledged + 1;
      if (round % CLI_EVERY === 0) {
        const run = await runQuackup(folder.path, 'restore', name, '--restore-dir', restoreDir);
        expect(run.status, run.stderr).toBe(0);
      } else {
        await restoreBackup(target, name, { restoreDir });
      }
      // The last one but one: two processes that check are as many as there are cores.
      await checks.at(-2);
      checks.push(check({ round, path: join(restoreDir, 'ledger.duckdb'), before, after }));
      checks.at(-1)?.catch(() => undefined);
    }
    const states = await Promise.all(checks);
    expect(states).toHaveLength(ROUNDS);
    // The writer was at work all the time: no two backups are of the same state.
    expect(new Set(states).size).toBe(ROUNDS);
  });
});
