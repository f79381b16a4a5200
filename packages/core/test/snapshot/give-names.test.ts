import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, describe, expect, test, vi } from 'vitest';

import { claimTarget } from '../../src/lib/snapshot/claim-target.ts';
import { giveNames, type Nameless } from '../../src/lib/snapshot/give-names.ts';
import { tempFolder } from '../make-database.ts';

const { files } = await vi.hoisted(async () => {
  const { FaultyFiles: Files } = await import('../restore/faulty-files.ts');
  return { files: new Files() };
});
vi.mock('node:fs/promises', async (original) => files.wrap(await original()));

afterEach(() => {
  files.arm(undefined);
  files.hardLinks = true;
});

/** A WAL and its database, as yet without names: 1 and 2. */
function nameless(folder: string): Nameless[] {
  return ['copy.wal', 'copy'].map((name, place) => {
    const file = join(folder, String(place + 1));
    writeFileSync(file, 'ours');
    return { file, path: join(folder, name) };
  });
}

const namesIn = (folder: string): string[] => readdirSync(folder).filter((name) => name.startsWith('copy'));

describe.each([true, false])('hard links: %s', (hardLinks) => {
  test('all files get their names', async () => {
    using folder = tempFolder();
    files.hardLinks = hardLinks;
    await giveNames(nameless(folder.path));
    expect(namesIn(folder.path)).toEqual(['copy', 'copy.wal']);
  });

  test.each(['copy', 'copy.wal'])('none does if somebody has the name %s', async (name) => {
    using folder = tempFolder();
    files.hardLinks = hardLinks;
    const theirs = join(folder.path, name);
    writeFileSync(theirs, 'theirs');
    await expect(giveNames(nameless(folder.path))).rejects.toMatchObject({
      code: 'TARGET_EXISTS',
      message: expect.stringContaining(theirs) as string,
    });
    expect(namesIn(folder.path)).toEqual([name]);
    expect(readFileSync(theirs, 'utf8')).toBe('theirs');
  });

  test('a process that ends in between leaves no database without its WAL', async () => {
    for (let step = 1; ; step += 1) {
      using folder = tempFolder();
      const given = nameless(folder.path);
      files.hardLinks = hardLinks;
      files.arm({ step, kind: 'crash' });
      const isDone = await giveNames(given).then(
        () => true,
        () => false,
      );
      files.arm(undefined);
      expect([[], ['copy.wal'], ['copy', 'copy.wal']]).toContainEqual(namesIn(folder.path));
      if (isDone) return;
    }
  });

  test('if something fails no file of ours is at a name before all could be', async () => {
    for (let step = 1; ; step += 1) {
      using folder = tempFolder();
      const given = nameless(folder.path);
      files.hardLinks = hardLinks;
      files.arm({ step, kind: 'once' });
      const isDone = await giveNames(given).then(
        () => true,
        () => false,
      );
      files.arm(undefined);
      expect([[], ['copy', 'copy.wal']]).toContainEqual(namesIn(folder.path));
      if (isDone) return;
    }
  });
});

test('where hard links are not known nothing is claimed, and nothing left', async () => {
  using folder = tempFolder();
  files.hardLinks = false;
  expect(await claimTarget(join(folder.path, 'copy'))).toBeUndefined();
  expect(readdirSync(folder.path)).toEqual([]);
});
