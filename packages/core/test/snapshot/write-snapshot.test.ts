import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, expect, test, vi } from 'vitest';

import type { ArchiveFile } from '../../src/lib/archive/archive-file.ts';
import type { Snapshot } from '../../src/lib/snapshot/snapshot.ts';
import { writeSnapshot } from '../../src/lib/snapshot/write-snapshot.ts';
import { tempFolder } from '../make-database.ts';

const CHUNK = 262_144;
const CHUNKS = 20;

function file(role: ArchiveFile['role'], inUse?: true): ArchiveFile {
  return {
    database: 'a',
    role,
    sizeBytes: CHUNKS * CHUNK,
    headBytes: CHUNK,
    chunkBytes: CHUNK,
    modifiedAt: new Date(0),
    ...(inUse && { inUse }),
    async *chunks() {
      for (let n = 0; n < CHUNKS; n += 1) yield { bytes: new Uint8Array(CHUNK).fill(n) };
    },
  };
}

const snapshotOf = (files: readonly ArchiveFile[]): Snapshot =>
  ({ files, confirm: async () => {} }) as unknown as Snapshot;

/** How often a file is sent to the disk before its end. */
async function countPortions(folder: string, work: () => Promise<void>): Promise<number> {
  const handle = await open(join(folder, 'any'), 'w');
  const portion = vi.spyOn(Object.getPrototypeOf(handle) as FileHandle, 'datasync');
  await handle.close();
  await work();
  return portion.mock.calls.length;
}

afterEach(() => {
  vi.restoreAllMocks();
});

test('goes to the disk in portions while the database is in use, its WAL too', async () => {
  using folder = tempFolder();
  const snapshot = snapshotOf([file('database', true), file('wal')]);
  const to = join(folder.path, 'copy.duckdb');
  // 5 MiB each, a portion for each MiB.
  expect(await countPortions(folder.path, () => writeSnapshot(snapshot, to))).toBe(10);
});

test('is synced once, at its end, when nobody writes the database', async () => {
  using folder = tempFolder();
  const snapshot = snapshotOf([file('database'), file('wal')]);
  const to = join(folder.path, 'copy.duckdb');
  expect(await countPortions(folder.path, () => writeSnapshot(snapshot, to))).toBe(0);
});
