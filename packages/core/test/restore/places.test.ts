/** Places that a database can be restored to, and those that it cannot. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type * as Files from 'node:fs/promises';
import { basename, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Expected } from '../../golden/make.ts';
import { restoreBackup } from '../../src/index.ts';
import { sealedBackup } from '../archive/sealed-backup.ts';
import { GOLDEN, storedIn } from '../archive/stored-backup.ts';
import { runSql, tempFolder } from '../make-database.ts';

const { disk } = vi.hoisted(() => ({ disk: { free: undefined as number | undefined } }));
vi.mock('node:fs/promises', async (original) => {
  const files = await original<typeof Files>();
  const statfs = async (path: string): Promise<unknown> =>
    disk.free === undefined ? files.statfs(path) : { bavail: disk.free, bsize: 1 };
  return { ...files, statfs };
});

let folder: ReturnType<typeof tempFolder>;
let root: string;
beforeEach(() => {
  folder = tempFolder();
  root = realpathSync(folder.path);
});
afterEach(() => {
  disk.free = undefined;
  folder[Symbol.dispose]();
});

async function golden(name: string) {
  const from = join(GOLDEN, name);
  const { backup, databases } = JSON.parse(readFileSync(join(from, 'expected.json'), 'utf8')) as Expected;
  const target = await storedIn(from);
  const restore = (restoreDir: string, overwrite = true) =>
    restoreBackup(target, backup, { restoreDir, overwrite });
  return { restore, names: databases.map((each) => each.name) };
}

/** A database at `real/<name>`, and a link to it at `<name>`. */
function linked(name: string): { readonly link: string; readonly file: string } {
  mkdirSync(join(root, 'real'), { recursive: true });
  const [link, file] = [join(root, name), join(root, 'real', name)];
  runSql(file, 'CREATE TABLE old AS SELECT 1 AS i', 'CHECKPOINT');
  symlinkSync(file, link);
  return { link, file };
}

const everything = (): string[] => readdirSync(root, { recursive: true }).map(String).sort();

describe('a place that is a link', () => {
  test('keeps the link; the file behind it is replaced', async () => {
    const { restore, names } = await golden('zstd');
    const { link, file } = linked(names[0] ?? '');
    const { restored } = await restore(root);
    expect(restored).toMatchObject([{ path: file }]);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(runSql(link, "SELECT count(*)::INTEGER FROM duckdb_tables() WHERE table_name = 'old'")).toEqual([
      [0],
    ]);
  });

  test.each(['wal', 'wal.checkpoint', 'wal.recovery'])(
    'is refused if there is a .%s beside it',
    async (role) => {
      const { restore, names } = await golden('zstd');
      const { link } = linked(names[0] ?? '');
      writeFileSync(`${link}.${role}`, 'of an earlier time');
      const before = everything();
      await expect(restore(root)).rejects.toMatchObject({
        code: 'TARGET_EXISTS',
        message: expect.stringContaining(`${link}.${role} is in the way`) as string,
      });
      expect(everything()).toEqual(before);
    },
  );

  test('is refused for a WAL beside a link in between, too', async () => {
    const { restore, names } = await golden('zstd');
    const { file } = linked(names[0] ?? '');
    mkdirSync(join(root, 'far'));
    symlinkSync(join('..', basename(file)), join(root, 'far', basename(file)));
    writeFileSync(join(root, `${basename(file)}.wal`), 'of an earlier time');
    await expect(restore(join(root, 'far'))).rejects.toMatchObject({ code: 'TARGET_EXISTS' });
  });

  test('is refused for a backup with a WAL', async () => {
    const { restore, names } = await golden('wal');
    const { link } = linked(names[0] ?? '');
    const before = everything();
    await expect(restore(root)).rejects.toMatchObject({
      code: 'RESTORE_FAILED',
      message: expect.stringContaining(`${link} is a link`) as string,
      hint: expect.stringContaining('--restore-dir') as string,
    });
    expect(everything()).toEqual(before);
  });

  test.each([
    ['nowhere', 'gone'],
    ['in a circle', undefined],
  ])('is refused if it leads %s', async (where, to) => {
    const { restore, names } = await golden('zstd');
    const link = join(root, names[0] ?? '');
    symlinkSync(to ?? link, link);
    await expect(restore(root)).rejects.toMatchObject({
      code: 'RESTORE_FAILED',
      message: `${link} is a link that leads ${where}; nothing was touched`,
    });
  });
});

describe('a folder', () => {
  test('that is a file is refused', async () => {
    const { restore } = await golden('zstd');
    writeFileSync(join(root, 'file'), '');
    await expect(restore(join(root, 'file'))).rejects.toMatchObject({
      code: 'RESTORE_FAILED',
      message: `${join(root, 'file')} is not a folder; nothing was touched`,
    });
    await expect(restore(join(root, 'file', 'below'))).rejects.toMatchObject({ code: 'RESTORE_FAILED' });
  });

  test('that is a link to nowhere is refused', async () => {
    const { restore } = await golden('zstd');
    symlinkSync(join(root, 'gone'), join(root, 'link'));
    await expect(restore(join(root, 'link'))).rejects.toMatchObject({
      code: 'RESTORE_FAILED',
      message: `${join(root, 'link')} is a link that leads nowhere; nothing was touched`,
    });
    expect(everything()).toEqual(['link']);
  });
});

/** A backup of three databases that came from these paths. */
const at = (...paths: readonly string[]) =>
  sealedBackup('several', ({ head }) => {
    for (const [place, database] of head.databases.entries()) {
      database.path = paths[place] ?? join(root, 'others', database.name);
    }
  });

describe('two databases', () => {
  test('whose links lead to one file are refused', async () => {
    const { restore, names } = await golden('several');
    runSql(join(root, 'file'), 'CREATE TABLE old AS SELECT 1 AS i', 'CHECKPOINT');
    for (const name of names.slice(0, 2)) symlinkSync(join(root, 'file'), join(root, name));
    await expect(restore(root)).rejects.toMatchObject({
      code: 'RESTORE_FAILED',
      message: `${names[0]} and ${names[1]} would both be restored to ${join(root, 'file')}; nothing was touched`,
    });
  });

  test('whose paths differ in case are two where case plays a part, and else refused', async () => {
    writeFileSync(join(root, 'probe'), '');
    const { target, backup } = await at(join(root, 'Data.duckdb'), join(root, 'data.duckdb'));
    const run = restoreBackup(target, backup);
    if (existsSync(join(root, 'PROBE'))) {
      await expect(run).rejects.toMatchObject({ code: 'RESTORE_FAILED' });
    } else {
      await run;
      expect(everything()).toEqual(expect.arrayContaining(['Data.duckdb', 'data.duckdb']));
    }
  });

  test('one of which would be the WAL of the other are refused', async () => {
    const { target, backup } = await at(join(root, 'a'), join(root, 'a.wal'));
    await expect(restoreBackup(target, backup)).rejects.toMatchObject({ code: 'RESTORE_FAILED' });
    expect(everything()).toEqual([]);
  });

  test('in two folders of one file system must fit together', async () => {
    const { target, backup } = await at(join(root, 'a', 'a'), join(root, 'b', 'b'), join(root, 'c', 'c'));
    disk.free = 0;
    const { message } = await restoreBackup(target, backup).then(
      () => new Error('there was room'),
      (error: unknown) => error as Error,
    );
    // What was not touched was not made either.
    expect(readdirSync(root)).toEqual([]);
    disk.free = Number(/takes (\d+) bytes/.exec(message)?.[1]) - 1;
    await expect(restoreBackup(target, backup)).rejects.toMatchObject({ code: 'NO_SPACE' });
    const { restored } = await restoreBackup(target, backup, { dryRun: true });
    for (const { name } of restored) await restoreBackup(target, backup, { database: name });
  });
});
