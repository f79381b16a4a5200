import { link, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { parseConfig, resolveDatabases, type ResolvedDatabases } from '../../src/lib/config/index.ts';
import { RestoreSite } from '../../src/lib/restore/restore-site.ts';
import { FILE_ROLES } from '../../src/lib/snapshot/database-files.ts';
import { refusalOf } from './refusal.ts';
import { tempFolder } from './temp-folder.ts';

function resolveIn(folder: string, databases: readonly unknown[]): Promise<ResolvedDatabases> {
  return resolveDatabases(
    parseConfig(JSON.stringify({ databases }), { path: join(folder, 'q.yaml'), env: {} }),
  );
}

async function pathsIn(folder: string, databases: readonly unknown[]): Promise<string[]> {
  const { databases: found } = await resolveIn(folder, databases);
  return found.map(({ path }) => path.slice(folder.length + 1).replaceAll('\\', '/'));
}

test('a plain path is absolute and named after its file, whether or not it exists', async () => {
  const folder = await tempFolder({ 'data/a b.duckdb': '' });
  expect(await resolveIn(folder, ['data/a b.duckdb', './missing.db'])).toEqual({
    databases: [
      { name: 'a b.duckdb', path: join(folder, 'data', 'a b.duckdb') },
      { name: 'missing.db', path: join(folder, 'missing.db') },
    ],
    warnings: [],
  });
});

test('globs find files of any depth, sorted, and never sidecars or what a restore moved aside', async () => {
  const folder = await tempFolder({
    'data/z.db': '',
    'data/z.db.wal': '',
    'data/z.db.wal.checkpoint': '',
    'data/z.db.wal.recovery': '',
    'data/z.db.bak-20261122_020000': '',
    'data/deep/er/a.db': '',
    'data/.hidden.db': '',
    'other/b.db': '',
  });
  await mkdir(join(folder, 'data', 'folder.db'));
  expect(await pathsIn(folder, ['data/**/*'])).toEqual(['data/deep/er/a.db', 'data/z.db']);
  expect(await pathsIn(folder, [join(folder, 'data/*.db*')])).toEqual(['data/z.db']);
  expect(await pathsIn(join(folder, 'data'), ['../other/*.db', '{z,y}.db']).then((all) => all.length)).toBe(
    2,
  );
});

/** What a restore of `x.duckdb` that was killed may have left beside it. */
const site = new RestoreSite('x.duckdb');
const LEFTOVERS = [
  ...FILE_ROLES.map((role) => site.fresh(role)),
  site.guard,
  site.journal,
  `${site.journal}.4711`,
];

test('globs leave out what a restore that was killed has left', async () => {
  const old = FILE_ROLES.map((role) => site.aside(role, '.bak-20261122_020000'));
  const names = ['x.duckdb', 'x.duckdb.quackup-news', ...LEFTOVERS, ...old];
  const folder = await tempFolder(Object.fromEntries(names.map((name) => [name, ''])));
  expect(await pathsIn(folder, ['x.duckdb*'])).toEqual(['x.duckdb', 'x.duckdb.quackup-news']);
});

test.each([...LEFTOVERS, 'x.duckdb.Quackup-New'])('what a restore uses is refused: %s', async (name) => {
  const folder = await tempFolder({ 'x.duckdb': '', [name]: '', 'y.duckdb': '' });
  const byPath = await refusalOf(() => resolveIn(folder, ['x.duckdb', { path: name, name: 'other' }]));
  expect([byPath.code, byPath.message]).toEqual([
    'CONFIG_INVALID',
    expect.stringContaining(`${join(folder, name)} has a name that a restore gives to its files`),
  ]);
  const byName = await refusalOf(() => resolveIn(folder, ['x.duckdb', { path: 'y.duckdb', name }]));
  expect([byName.code, byName.message]).toEqual([
    'CONFIG_INVALID',
    expect.stringContaining(`the name "${name}" is one that a restore gives to its files`),
  ]);
});

test('what a restore moved aside is a database if it is named', async () => {
  const folder = await tempFolder({ 'x.duckdb': '', 'x.duckdb.bak-20261122_020000': '' });
  expect(await pathsIn(folder, ['x.duckdb', 'x.duckdb.bak-20261122_020000'])).toHaveLength(2);
});

test('a file whose name looks like a glob is that file', async () => {
  const folder = await tempFolder({ 'a[1].db': '', 'a1.db': '', 'b[1].db': '', 'b1.db': '' });
  expect(await pathsIn(folder, ['a[1].db'])).toEqual(['a[1].db']);
  expect(await pathsIn(folder, ['[b]1.db'])).toEqual(['b1.db']);
});

test('a glob that matches nothing is a warning with its place', async () => {
  const folder = await tempFolder();
  expect(await resolveIn(folder, ['*.duckdb'])).toEqual({
    databases: [],
    warnings: [`${join(folder, 'q.yaml')}:1:15: "*.duckdb" matches no file`],
  });
});

test('a file that is reached twice counts once, and the entry with a name wins', async () => {
  const folder = await tempFolder({ 'data/a.db': '', 'data/b.db': '' });
  await symlink(join(folder, 'data'), join(folder, 'link'));
  const found = await resolveIn(folder, [
    'data/*.db',
    'data/../data/a.db',
    { path: 'link/b.db', name: 'bee' },
  ]);
  expect(found.databases).toEqual([
    { name: 'a.db', path: join(folder, 'data', 'a.db') },
    { name: 'bee', path: join(folder, 'link', 'b.db') },
  ]);
  const namedFirst = await resolveIn(folder, [{ path: 'data/a.db', name: 'ay' }, 'data/a.db']);
  expect(namedFirst.databases).toEqual([{ name: 'ay', path: join(folder, 'data', 'a.db') }]);
});

test('folders that link to each other end', async () => {
  const folder = await tempFolder({ 'data/a.db': '' });
  await symlink(folder, join(folder, 'data', 'up'));
  expect((await resolveIn(folder, ['data/**/*.db'])).databases).toHaveLength(1);
});

test('one file with two names is refused', async () => {
  const folder = await tempFolder({ 'a.db': '' });
  const error = await refusalOf(() =>
    resolveIn(folder, [
      { path: 'a.db', name: 'x' },
      { path: 'a.db', name: 'y' },
    ]),
  );
  expect(error.code).toBe('CONFIG_INVALID');
  expect(error.message).toMatch(/"y" here and "x" at .*q\.yaml:1:15$/);
});

test('one name for several files of a glob is refused', async () => {
  const folder = await tempFolder({ 'a.db': '', 'b.db': '' });
  const error = await refusalOf(() => resolveIn(folder, [{ path: '*.db', name: 'x' }]));
  expect([error.code, error.message.slice(folder.length)]).toEqual([
    'CONFIG_INVALID',
    '/q.yaml:1:15: the name "x" would stand for 2 files',
  ]);
});

test('two databases of one name are refused, and an alias helps', async () => {
  const folder = await tempFolder({ 'x/a.db': '', 'y/A.db': '' });
  const error = await refusalOf(() => resolveIn(folder, ['x/a.db', 'y/A.db']));
  expect(error.code).toBe('NAME_CONFLICT');
  expect(error.message).toContain(join(folder, 'x', 'a.db'));
  expect(error.message).toContain(join(folder, 'y', 'A.db'));
  expect(error.hint).toContain('name:');
  const helped = await resolveIn(folder, ['x/a.db', { path: 'y/A.db', name: 'other' }]);
  expect(helped.databases.map(({ name }) => name)).toEqual(['a.db', 'other']);
});

test('a database whose name is a sidecar of another, or an entry of the archive, is refused', async () => {
  const folder = await tempFolder({ a: '', 'b/a.wal': '', index: '' });
  expect((await refusalOf(() => resolveIn(folder, ['a', 'b/a.wal']))).code).toBe('NAME_CONFLICT');
  expect((await refusalOf(() => resolveIn(folder, ['index']))).message).toContain('the backup itself uses');
});

test.skipIf(process.platform === 'win32')('a file whose name cannot be a name needs an alias', async () => {
  const folder = await tempFolder({ 'a\nb.db': '' });
  const error = await refusalOf(() => resolveIn(folder, ['*.db']));
  expect([error.code, error.message.endsWith('holds a control character')]).toEqual(['CONFIG_INVALID', true]);
  expect((await resolveIn(folder, [{ path: '*.db', name: 'ab.db' }])).databases).toHaveLength(1);
});

test('hard links are two files: each has a WAL of its own name', async () => {
  const folder = await tempFolder({ 'a.db': '' });
  await link(join(folder, 'a.db'), join(folder, 'b.db'));
  expect(await pathsIn(folder, ['a.db', 'b.db'])).toEqual(['a.db', 'b.db']);
});
