/** Several snapshots to one place: one of them is there in the end, whole, and the others say that they are not. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { expect, test } from 'vitest';

import type { ArchiveFile } from '../../src/lib/archive/archive-file.ts';
import { acquireProcessLock } from '../../src/lib/process/process-lock.ts';
import { ScratchFolder } from '../../src/lib/process/scratch-folder.ts';
import { pause } from '../../src/lib/snapshot/pause.ts';
import type { Snapshot } from '../../src/lib/snapshot/snapshot.ts';
import { writeSnapshot } from '../../src/lib/snapshot/write-snapshot.ts';
import { tempFolder } from '../make-database.ts';

/** Above the largest process number of Linux: this process is not running. */
const DEAD_PID = 4_194_305;

/** A snapshot whose files say whose they are. `beforeNaming` runs when they are written and have no names yet. */
function snapshotOf(
  owner: string,
  roles: readonly ArchiveFile['role'][],
  beforeNaming: () => Promise<unknown> = async () => {},
): Snapshot {
  const files = roles.map((role) => ({
    role,
    sizeBytes: owner.length,
    headBytes: owner.length,
    chunkBytes: owner.length,
    async *chunks() {
      yield { bytes: Buffer.from(owner) };
    },
  }));
  return { files, confirm: beforeNaming } as unknown as Snapshot;
}

/** What is at `to`, and in its folder besides. */
const filesAt = (to: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(dirname(to)).map((name) => [
      name.replace(basename(to), 'X'),
      readFileSync(join(dirname(to), name), 'utf8'),
    ]),
  );

test('who is later finds the place taken, and touches nothing of it', async () => {
  using folder = tempFolder();
  const to = join(folder.path, 'copy');
  const other = snapshotOf('other', ['database', 'wal']);
  const late = snapshotOf('late', ['database', 'wal'], () => writeSnapshot(other, to));
  await expect(writeSnapshot(late, to)).rejects.toMatchObject({ code: 'TARGET_EXISTS' });
  expect(filesAt(to)).toEqual({ X: 'other', 'X.wal': 'other' });
});

test('of several that are ready at the same time one is there, with its own WAL or with none', async () => {
  using folder = tempFolder();
  for (let round = 0; round < 20; round += 1) {
    const to = join(folder.path, String(round), 'copy');
    const ready = Promise.withResolvers<void>();
    let waiting = 0;
    const isReady = async (): Promise<void> => {
      waiting += 1;
      if (waiting === 3) ready.resolve();
      // Nor for long: one that has failed does not get here.
      await Promise.race([ready.promise, pause(1000)]);
    };
    mkdirSync(dirname(to));
    const results = await Promise.allSettled([
      writeSnapshot(snapshotOf('one', ['database', 'wal'], isReady), to),
      writeSnapshot(snapshotOf('two', ['database'], isReady), to),
      writeSnapshot(snapshotOf('three', ['database', 'wal', 'wal.checkpoint'], isReady), to),
    ]);
    const owner = ['one', 'two', 'three'].filter((_, place) => results[place]?.status === 'fulfilled');
    expect(owner).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'TARGET_EXISTS' });
    }
    const endings = { one: ['X', 'X.wal'], two: ['X'], three: ['X', 'X.wal', 'X.wal.checkpoint'] };
    const expected = endings[owner[0] as keyof typeof endings].map((name) => [name, owner[0]]);
    expect(filesAt(to)).toEqual(Object.fromEntries(expected));
  }
});

test('while another one gives its files their names nobody else does', async () => {
  using folder = tempFolder();
  const to = join(folder.path, 'copy');
  {
    await using _lock = await acquireProcessLock(`${to}.quackup-lock`, 'another snapshot');
    await expect(writeSnapshot(snapshotOf('late', ['database']), to)).rejects.toMatchObject({
      code: 'TARGET_EXISTS',
      message: expect.stringContaining(to) as string,
    });
    expect(existsSync(to)).toBe(false);
  }
  await writeSnapshot(snapshotOf('next', ['database']), to);
  expect(filesAt(to)).toEqual({ X: 'next' });
});

test.each(['', '.wal', '.wal.recovery'])(
  'a file that somebody puts at copy%s meanwhile stays, and no other is there',
  async (ending) => {
    using folder = tempFolder();
    const to = join(folder.path, 'copy');
    const late = snapshotOf('late', ['database', 'wal'], async () =>
      writeFileSync(`${to}${ending}`, 'theirs'),
    );
    await expect(writeSnapshot(late, to)).rejects.toMatchObject({ code: 'TARGET_EXISTS' });
    expect(filesAt(to)).toEqual({ [`X${ending}`]: 'theirs' });
  },
);

test('what a killed run has left goes, what a running one has stays', async () => {
  using folder = tempFolder();
  const to = join(folder.path, 'copy');
  await using running = await ScratchFolder.create(folder.path);
  writeFileSync(running.newPath(), 'still needed');
  const left = join(folder.path, basename(running.path).replace(/^quackup-\d+/, `quackup-${DEAD_PID}`));
  mkdirSync(left);
  writeFileSync(join(left, '1'), 'left');
  await writeSnapshot(snapshotOf('mine', ['database']), to);
  expect(readdirSync(folder.path).toSorted()).toEqual(['copy', basename(running.path)].toSorted());
  expect(readdirSync(running.path)).toHaveLength(1);
});
