/** Archives of a foreign tool that hold what no backup holds: refused, and nothing is written anywhere. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGzip, gzipSync } from 'node:zlib';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';

import { beforeAll, describe, expect, test } from 'vitest';

import { listBackups, type NamedTarget, restoreBackup, verifyBackup } from '../../src/index.ts';
import { GOLDEN, storedIn, targetWith } from '../archive/stored-backup.ts';
import { tempFolder } from '../make-database.ts';
import { type ForeignEntry, foreignTar, foreignTarGz } from './foreign-tar.ts';

const NAME = 'backup_foreign';
let database: Buffer;

beforeAll(async () => {
  using place = tempFolder();
  await restoreBackup(await storedIn(join(GOLDEN, 'none')), 'backup_20260103_020304', {
    restoreDir: place.path,
  });
  database = readFileSync(join(place.path, 'results.duckdb'));
});

const metadata = (databases: readonly object[], more: object = {}): ForeignEntry => ({
  path: 'backup_foreign/backup_metadata.json',
  body: JSON.stringify({ timestamp: '2026-01-01T00:00:00+00:00', databases, ...more }),
});
const entryOf = (name: string, original = name): object => ({
  name,
  original_path: original,
  size_bytes: database.length,
});
const good = (): ForeignEntry[] => [
  { path: 'backup_foreign/app.duckdb', body: database },
  metadata([entryOf('app.duckdb')]),
];
const stored = (archive: Uint8Array): Promise<NamedTarget> => targetWith([[`${NAME}.tar.gz`, archive]]);

async function expectRefusal(archive: Uint8Array, codes: readonly string[]): Promise<void> {
  using place = tempFolder();
  const target = await stored(archive);
  mkdirSync(join(place.path, 'inside'));
  mkdirSync(join(place.path, 'scratch'));
  const before = process.memoryUsage().rss;
  const handles = openFiles();
  await expect(
    restoreBackup(target, NAME, { restoreDir: join(place.path, 'inside', 'restored') }),
  ).rejects.toSatisfy((error: { code?: string }) => codes.includes(error.code ?? ''));
  const report = await verifyBackup(target, NAME, {
    level: 'blocks',
    tempDir: join(place.path, 'scratch'),
  });
  expect(report.ok).toBe(false);
  for (const { code } of report.problems) expect(codes).toContain(code);
  // Listed whatever it is, and never an exception.
  expect(await listBackups(target)).toMatchObject([{ name: NAME, origin: 'openquant' }]);
  const left = readdirSync(place.path, { recursive: true }).filter((name) => name !== 'inside/restored');
  expect(new Set(left)).toEqual(new Set(['inside', 'scratch']));
  expect(openFiles()).toBe(handles);
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
}

/** Open files of this process in temporary folders, where the system tells. */
function openFiles(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
}

test('the archive that all the others are made from is good', async () => {
  using place = tempFolder();
  const target = await stored(foreignTarGz(good()));
  expect(await verifyBackup(target, NAME, { level: 'blocks', tempDir: place.path })).toMatchObject({
    ok: true,
  });
  await restoreBackup(target, NAME, { restoreDir: join(place.path, 'restored') });
  expect(readFileSync(join(place.path, 'restored', 'app.duckdb')).equals(database)).toBe(true);
});

const intruders: readonly (ForeignEntry & { readonly title: string })[] = [
  { title: 'a path that leaves the folder', path: '../evil.duckdb', body: 'x' },
  { title: 'a path that leaves it in the middle', path: 'backup_foreign/../../evil', body: 'x' },
  { title: 'an absolute path', path: '/tmp/evil.duckdb', body: 'x' },
  { title: 'a path with backslashes', path: '..\\evil.duckdb', body: 'x' },
  { title: 'a path with a drive', path: 'C:/evil.duckdb', body: 'x' },
  { title: 'a name with a drive', path: 'C:evil.duckdb', body: 'x' },
  { title: 'a symbolic link', path: 'backup_foreign/link', type: 'SymbolicLink', linkpath: '/etc/passwd' },
  { title: 'a hard link', path: 'backup_foreign/link', type: 'Link', linkpath: '../../etc/passwd' },
  { title: 'a character device', path: 'backup_foreign/tty', type: 'CharacterDevice' },
  { title: 'a block device', path: 'backup_foreign/sda', type: 'BlockDevice' },
  { title: 'a FIFO', path: 'backup_foreign/pipe', type: 'FIFO' },
  { title: 'a folder that leaves', path: '../evil/', type: 'Directory' },
  { title: 'an entry of an unknown type', path: 'backup_foreign/odd', type: 'SolarisACL', body: 'x' },
  { title: 'a pax header of 2 MB', path: 'x', paxPath: 'x'.repeat(2 * 1024 * 1024), body: 'x' },
];

describe.each(intruders)('an archive with $title', (intruder) => {
  test.each(['first', 'last'])('that comes %s is refused', async (where) => {
    const entries = where === 'first' ? [intruder, ...good()] : [...good(), intruder];
    const archive = foreignTarGz(entries);
    if (where === 'first') {
      await expectRefusal(archive, ['ARCHIVE_HOSTILE']);
      return;
    }
    // What comes behind the metadata is met while the databases are read.
    await expectRefusal(archive, ['ARCHIVE_HOSTILE']);
  });
});

test('a NUL ends the name of an entry, and what is left of it is nothing that is looked for', async () => {
  using place = tempFolder();
  const odd = { path: 'evil', paxPath: 'backup_foreign/e\0/../../vil.duckdb', body: 'x' };
  const target = await stored(foreignTarGz([odd, ...good()]));
  await restoreBackup(target, NAME, { restoreDir: place.path });
  expect(readdirSync(place.path)).toEqual(['app.duckdb']);
});

test('a database that is there twice is refused', async () => {
  const [app, facts] = good();
  if (app === undefined || facts === undefined) throw new Error('no entries');
  await expectRefusal(foreignTarGz([app, { ...app, path: 'other/app.duckdb' }, facts]), ['ARCHIVE_HOSTILE']);
});

test('two metadata are refused', async () => {
  await expectRefusal(foreignTarGz([...good(), metadata([entryOf('other.duckdb')])]), ['ARCHIVE_HOSTILE']);
});

test.each(['../evil', '/tmp/evil', 'a/b', 'a\\b', '..', 'nul\0', ''])(
  'metadata that name a database %j are refused',
  async (name) => {
    const archive = foreignTarGz([
      { path: 'backup_foreign/app.duckdb', body: database },
      metadata([entryOf(name)]),
    ]);
    await expectRefusal(archive, ['ARCHIVE_HOSTILE', 'BACKUP_DAMAGED']);
  },
);

test.each([
  ['../../outside.duckdb', 'RESTORE_FAILED'],
  ['C:\\outside.duckdb', 'RESTORE_FAILED'],
  ['nul\0byte', 'ARCHIVE_HOSTILE'],
])('an original path %j is not restored to', async (path, code) => {
  using place = tempFolder();
  const archive = foreignTarGz([
    { path: 'backup_foreign/app.duckdb', body: database },
    metadata([entryOf('app.duckdb', path)]),
  ]);
  await expect(restoreBackup(await stored(archive), NAME, { baseDir: place.path })).rejects.toMatchObject({
    code,
  });
  expect(readdirSync(place.path)).toEqual([]);
});

test.each([
  ['are not JSON', '{"timestamp":'],
  ['are nested deeply', '['.repeat(1_000_000)],
  ['are something else', '"text"'],
  ['lack the databases', '{"timestamp":"2026-01-01T00:00:00Z"}'],
  ['name none', '{"timestamp":"2026-01-01T00:00:00Z","databases":[]}'],
  [
    'say a length that is none',
    '{"timestamp":"x","databases":[{"name":"a","original_path":"a","size_bytes":-1}]}',
  ],
  ['are a list of a million', `{"timestamp":"x","databases":[${'1,'.repeat(1_500_000)}1]}`],
  ['are longer than any', ' '.repeat(5 * 1024 * 1024)],
])('metadata that %s are refused', async (_title, body) => {
  const archive = foreignTarGz([
    { path: 'backup_foreign/app.duckdb', body: database },
    { path: 'backup_foreign/backup_metadata.json', body },
  ]);
  await expectRefusal(archive, ['BACKUP_DAMAGED']);
});

test('metadata that are missing are reported', async () => {
  await expectRefusal(foreignTarGz(good().slice(0, 1)), ['BACKUP_DAMAGED']);
});

test('a database of another length than the metadata say is refused', async () => {
  const archive = foreignTarGz([
    { path: 'backup_foreign/app.duckdb', body: database.subarray(0, -4096) },
    metadata([entryOf('app.duckdb')]),
  ]);
  await expectRefusal(archive, ['BACKUP_DAMAGED']);
});

test.each([8 * 1024 ** 3, 2 ** 40, 2 ** 52])('an entry that claims %i bytes is refused', async (bytes) => {
  const claim = { path: 'backup_foreign/app.duckdb', body: database, declaredBytes: bytes };
  const facts = metadata([{ name: 'app.duckdb', original_path: 'app.duckdb', size_bytes: bytes }]);
  await expectRefusal(foreignTarGz([facts, claim]), ['BACKUP_DAMAGED', 'NO_SPACE']);
});

test('100 MB of zeros in the place of a database are refused when their first bytes have come', async () => {
  const bytes = 100 * 1024 * 1024;
  const piece = Buffer.alloc(1024 * 1024);
  const facts = metadata([{ name: 'app.duckdb', original_path: 'app.duckdb', size_bytes: bytes }]);
  const [before, after] = [
    foreignTar([facts, { path: 'backup_foreign/app.duckdb', declaredBytes: bytes }]).subarray(0, -1024),
    Buffer.alloc(1024),
  ];
  const archive = await buffer(
    Readable.from([before, ...Array.from({ length: 100 }, () => piece), after]).pipe(createGzip()),
  );
  expect(archive.length).toBeLessThan(200_000);
  await expectRefusal(archive, ['BACKUP_DAMAGED']);
});

test.each([1, 20, 512, 3000])('an archive that is cut off after %i bytes is refused', async (length) => {
  await expectRefusal(foreignTarGz(good()).subarray(0, length), ['BACKUP_DAMAGED']);
});

test('an archive that is cut off anywhere behind its metadata is reported, and leaves no file open', async () => {
  const [app, facts] = good();
  if (app === undefined || facts === undefined) throw new Error('no entries');
  const archive = foreignTarGz([facts, app]);
  for (let length = archive.length - 1; length > 400; length -= 797) {
    await expectRefusal(archive.subarray(0, length), ['BACKUP_DAMAGED']);
  }
});

test('no flipped bit gives a database that is not the one that was stored', async () => {
  const [app, facts] = good();
  if (app === undefined || facts === undefined) throw new Error('no entries');
  const archive = foreignTarGz([facts, app]);
  const hash = createHash('sha256').update(database).digest('hex');
  for (let at = 3; at < archive.length; at += 97) {
    using place = tempFolder();
    const damaged = Buffer.from(archive);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
    const target = await stored(damaged);
    const report = await verifyBackup(target, NAME, { level: 'archive', tempDir: place.path });
    const restoreDir = join(place.path, 'restored');
    const restored = await restoreBackup(target, NAME, { restoreDir }).catch((error: { code?: string }) => {
      expect(['BACKUP_DAMAGED', 'ARCHIVE_HOSTILE']).toContain(error.code);
      return undefined;
    });
    if (restored === undefined) {
      expect(report.ok, `byte ${at}`).toBe(false);
      continue;
    }
    // A bit of the gzip header that means nothing, or a time: the content is right.
    const bytes = readFileSync(join(restoreDir, 'app.duckdb'));
    expect(createHash('sha256').update(bytes).digest('hex'), `byte ${at}`).toBe(hash);
  }
});

test('what is no gzip file, and a gzip file of no tar, are reported', async () => {
  await expectRefusal(Buffer.from('not gzip at all'), ['BACKUP_DAMAGED']);
  await expectRefusal(gzipSync(Buffer.from('no tar '.repeat(1000))), ['BACKUP_DAMAGED']);
});
