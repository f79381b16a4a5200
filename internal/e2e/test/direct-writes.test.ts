/** Writes past the system's cache, on every kind of file system that they are used on: what is written is what is read. */
import { randomBytes } from 'node:crypto';
import { constants, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { createBackup, snapshot } from '@quackup/core';
import { checkInvariant, runSql, startWriter } from '@quackup/fixtures';
import { AlignedBuffers, DirectWrites, objectKey } from '@quackup/target-api';
import { LocalTarget } from '@quackup/target-local';
import { describe, expect, test } from 'vitest';

import { LoopDisk, whyNoLoopDisk } from './support/loop-disk.ts';
import { tempFolder } from './support/temp-folder.ts';

const MIB = 1024 * 1024;
const KEY = objectKey('large');

async function* randomBody(chunks: readonly Buffer[]): AsyncGenerator<Buffer, void> {
  yield* chunks;
}

/** Whether this process has a file below `folder` open past the cache. */
function hasDirectFile(folder: string): boolean {
  const { O_DIRECT = 0 } = constants as { readonly O_DIRECT?: number };
  return readdirSync('/proc/self/fd').some((fd) => {
    try {
      if (!readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder)) return false;
      const [, flags = '0'] = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? [];
      return (Number.parseInt(flags, 8) & O_DIRECT) !== 0;
    } catch {
      // It was closed meanwhile.
      return false;
    }
  });
}

describe.each(['ext4', 'xfs'] as const)('on %s', (type) => {
  const whyNot = whyNoLoopDisk(type);
  const title = (what: string): string => `${what}${whyNot === undefined ? '' : ` (skipped: ${whyNot})`}`;

  test.skipIf(whyNot !== undefined)(title('they are used'), async () => {
    await using folder = await tempFolder();
    using disk = new LoopDisk(folder.path, type);
    const path = join(disk.path, 'a');
    await writeFile(path, '');
    const direct = await DirectWrites.open(path);
    using memory = new AlignedBuffers(2, 262_144);
    const blocks = memory.buffers.map((block) => block.fill(randomBytes(64)));
    for (const [id, block] of blocks.entries()) {
      expect(await direct?.write(block, 12_288 + id * block.length)).toBe(true);
    }
    await direct?.close();
    expect((await readFile(path)).equals(Buffer.concat([Buffer.alloc(12_288), ...blocks]))).toBe(true);
  });

  test.skipIf(whyNot !== undefined)(title('objects and copies of a database in use are whole'), async () => {
    await using folder = await tempFolder();
    using disk = new LoopDisk(folder.path, type);
    const chunks = Array.from({ length: 40 }, (_, index) => randomBytes(200_000 + index));
    await using target = new LocalTarget(join(disk.path, 'backups'));
    await target.put(KEY, randomBody(chunks));
    const stored = Buffer.concat(await (await target.get(KEY)).body.toArray());
    expect(stored.equals(Buffer.concat(chunks))).toBe(true);

    const database = join(folder.path, 'ledger.duckdb');
    await runSql(database, ['CREATE TABLE ballast AS SELECT md5(i::VARCHAR) AS s FROM range(400_000) r(i)']);
    await using writer = await startWriter(database, { checkpointThreshold: 2_000_000 });
    await writer.waitFor(20);
    for (const round of [1, 2, 3]) {
      const before = writer.lastAcknowledged;
      const to = join(disk.path, `copy-${round}.duckdb`);
      expect((await snapshot(database, { to })).method).toBe('hot');
      expect((await checkInvariant(to)).commits).toBeGreaterThanOrEqual(before);
    }
  });

  test.skipIf(whyNot !== undefined)(title('an archive goes past the cache'), async () => {
    await using folder = await tempFolder();
    using disk = new LoopDisk(folder.path, type);
    const database = join(folder.path, 'a.duckdb');
    await runSql(database, ['CREATE TABLE t AS SELECT md5(i::VARCHAR) AS s FROM range(400_000) r(i)']);
    await using target = new LocalTarget(join(disk.path, 'backups'));
    let seen = false;
    await createBackup({
      databases: [{ name: 'a', path: database }],
      targets: [{ name: 'disk', target }],
      // A part that is written is open twice then, once with the flag.
      onProgress: () => (seen ||= hasDirectFile(disk.path)),
    });
    expect(seen).toBe(true);
  });

  test.skipIf(whyNot !== undefined)(title('a disk that is full says so, and nothing is left'), async () => {
    await using folder = await tempFolder();
    // XFS is not made any smaller.
    using disk = new LoopDisk(folder.path, type, type === 'xfs' ? 320 * MIB : 64 * MIB);
    await using target = new LocalTarget(join(disk.path, 'backups'));
    const chunk = randomBytes(MIB - 1);
    const put = target.put(KEY, randomBody(Array.from({ length: 400 }, () => chunk)));
    await expect(put).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect(await readdir(join(disk.path, 'backups', '.tmp'))).toEqual([]);
    await target.put(KEY, randomBody([chunk, chunk, chunk]));
    expect((await target.stat(KEY))?.size).toBe(3 * chunk.length);
  });
});

test('they are not used in memory, where there is nothing to gain', async ({ skip }) => {
  if (process.platform !== 'linux') skip('there is no such file system');
  const folder = await mkdtemp('/dev/shm/quackup-e2e-');
  try {
    await writeFile(join(folder, 'a'), '');
    expect(await DirectWrites.open(join(folder, 'a'))).toBeUndefined();
  } finally {
    await rm(folder, { recursive: true });
  }
});
