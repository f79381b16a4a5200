/** Backups that are sealed as they must be and hold what no backup holds. Nothing of them may be believed. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';

import { duckdbChecksum } from '@quackup/duckdb-file';
import { describe, expect, test } from 'vitest';

import { listBackups, restoreBackup, verifyBackup } from '../../src/index.ts';
import { ChunkTable } from '../../src/lib/archive/chunk-table.ts';
import { type Draft, moved, type SealedBackup, sealedBackup, sha256 } from '../archive/sealed-backup.ts';
import { targetWith } from '../archive/stored-backup.ts';
import { tempFolder } from '../make-database.ts';

const rename = (draft: Draft, name: string, place = 0): void => {
  const database = draft.head.databases[place];
  const old = database?.name;
  if (database !== undefined) database.name = name;
  for (const file of draft.head.files) if (file.database === old) file.database = name;
};

/** Refused by both, with nothing written anywhere and without memory for what is only claimed. */
async function expectRefusal(
  { target, backup }: SealedBackup,
  codes: readonly string[],
  level: 'archive' | 'blocks' = 'archive',
): Promise<string> {
  using place = tempFolder();
  const restoreDir = join(place.path, 'inside', 'restored');
  mkdirSync(join(place.path, 'inside'));
  const before = process.memoryUsage().rss;
  const report = await verifyBackup(target, backup, { level, tempDir: place.path });
  expect(report.ok).toBe(false);
  for (const { code } of report.problems) expect(codes).toContain(code);
  await expect(restoreBackup(target, backup, { restoreDir })).rejects.toSatisfy((error: { code?: string }) =>
    codes.includes(error.code ?? ''),
  );
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  expect(readdirSync(place.path)).toEqual(['inside']);
  const inside = readdirSync(join(place.path, 'inside'), { recursive: true });
  expect(inside.filter((name) => name !== 'restored')).toEqual([]);
  return report.problems.map(({ message }) => message).join('\n');
}

describe.each([
  '../evil',
  '/tmp/evil',
  'a/b',
  'a\\b',
  'C:\\evil',
  '..',
  '.',
  'nul\0byte',
  'line\nbreak',
  'x'.repeat(201),
  '\ud800',
  'index',
  'backup_metadata.json',
])('a database called %j', (name) => {
  test('is refused', async () => {
    await expectRefusal(await sealedBackup('zstd', (draft) => rename(draft, name)), ['ARCHIVE_HOSTILE']);
  });
});

test('two databases that are one file where case plays no part are refused', async () => {
  const sealed = await sealedBackup('several', (draft) => {
    rename(draft, 'Data.duckdb', 0);
    rename(draft, 'data.DUCKDB', 1);
  });
  await expectRefusal(sealed, ['ARCHIVE_HOSTILE']);
});

test('a database whose name is that of another one’s WAL is refused', async () => {
  const sealed = await sealedBackup('several', (draft) => {
    rename(draft, 'a', 0);
    rename(draft, 'a.wal', 1);
  });
  await expectRefusal(sealed, ['ARCHIVE_HOSTILE']);
});

test.each([
  ['nul\0byte', 'ARCHIVE_HOSTILE'],
  ['../../outside.duckdb', 'RESTORE_FAILED'],
  ['C:\\outside.duckdb', 'RESTORE_FAILED'],
  ['.', 'RESTORE_FAILED'],
  ['/', 'RESTORE_FAILED'],
  ['/tmp/../etc/outside', 'RESTORE_FAILED'],
])('an original path %j is not restored to', async (path, code) => {
  using place = tempFolder();
  const { target, backup } = await sealedBackup('zstd', ({ head }) => {
    const [database] = head.databases;
    if (database !== undefined) database.path = path;
  });
  await expect(restoreBackup(target, backup, { baseDir: place.path })).rejects.toMatchObject({ code });
  expect(readdirSync(place.path)).toEqual([]);
});

interface Case {
  readonly title: string;
  readonly golden?: string;
  readonly edit: (draft: Draft) => Promise<void> | void;
}

const firstTable = (draft: Draft, table: (old: ChunkTable) => ChunkTable): void => {
  const [old] = draft.tables;
  if (old !== undefined) draft.tables[0] = table(old);
};
const place = (table: ChunkTable, chunk: number): { archive: number; offset: number; length: number } =>
  table.location(chunk) ?? { archive: 0, offset: 0, length: 0 };

const damaged: Case[] = [
  {
    title: 'a chunk that lies behind the end of the archive',
    edit: (draft) =>
      firstTable(draft, (old) =>
        moved(old, (chunk) => (chunk === 2 ? { ...place(old, 2), offset: 1e9 } : undefined)),
      ),
  },
  {
    title: 'a chunk at an offset that no number holds',
    edit: (draft) =>
      firstTable(draft, (old) =>
        moved(old, (chunk) => (chunk === 2 ? { ...place(old, 2), offset: 2 ** 63 } : undefined)),
      ),
  },
  {
    title: 'a chunk that lies in the index itself',
    edit: (draft) =>
      firstTable(draft, (old) =>
        moved(old, (chunk) =>
          chunk === old.count - 1 ? { ...place(old, chunk), offset: draft.chunks.length } : undefined,
        ),
      ),
  },
  {
    title: 'two chunks in one frame',
    edit: (draft) =>
      firstTable(draft, (old) => moved(old, (chunk) => (chunk === 2 ? place(old, 1) : undefined))),
  },
  {
    title: 'frames that overlap',
    edit: (draft) =>
      firstTable(draft, (old) =>
        moved(old, (chunk) =>
          chunk === 1 ? { ...place(old, 1), length: place(old, 1).length + 1 } : undefined,
        ),
      ),
  },
  {
    title: 'chunks in the wrong order',
    edit: (draft) => firstTable(draft, (old) => moved(old, (chunk) => place(old, old.count - 1 - chunk))),
  },
  {
    title: 'an archive that is not named',
    edit: (draft) =>
      firstTable(draft, (old) => moved(old, (chunk) => ({ ...place(old, chunk), archive: 7 }))),
  },
  {
    title: 'a frame of 4 GB',
    edit: (draft) =>
      firstTable(draft, (old) =>
        moved(old, (chunk) => (chunk === 1 ? { ...place(old, 1), length: 0xffff_ffff } : undefined)),
      ),
  },
  {
    title: 'a frame of no bytes',
    edit: (draft) =>
      firstTable(draft, (old) =>
        moved(old, (chunk) => (chunk === 1 ? { ...place(old, 1), length: 0 } : undefined)),
      ),
  },
  {
    title: 'a database without a head',
    edit: (draft) => firstTable(draft, (old) => ChunkTable.create(old.count)),
  },
  {
    title: 'a WAL with a hole',
    golden: 'wal',
    edit: (draft) => {
      draft.tables[1] = ChunkTable.create(draft.tables[1]?.count ?? 0);
    },
  },
  ...[2 ** 53 - 1, 2 ** 50, 2 ** 40].map((sizeBytes) => ({
    title: `a file of ${sizeBytes} bytes`,
    edit: ({ head }: Draft) => {
      const [file] = head.files;
      if (file === undefined) return;
      file.sizeBytes = sizeBytes;
      file.chunks = Math.ceil((sizeBytes - file.headBytes) / file.chunkBytes) + 1;
    },
  })),
  {
    title: 'more chunks than its bytes make',
    edit: ({ head }) => {
      const [file] = head.files;
      if (file !== undefined) file.chunks = 2 ** 53 - 1;
    },
  },
  {
    title: 'a file twice',
    edit: (draft) => {
      draft.head.files.push(...draft.head.files);
      draft.tables.push(...draft.tables);
    },
  },
  {
    title: 'a file of a database that it does not name',
    edit: ({ head }) => {
      for (const file of head.files) file.database = 'other.duckdb';
    },
  },
  {
    title: 'a WAL without its database',
    golden: 'wal',
    edit: (draft) => {
      draft.head.files.shift();
      draft.tables.shift();
    },
  },
  {
    title: 'pages that decode to more than they must',
    edit: (draft) => {
      draft.editFrames = (frames) => replaceLast(frames, bomb());
    },
  },
  {
    title: 'pages that decode to less than they must',
    edit: (draft) => {
      draft.editFrames = (frames) => replaceLast(frames, zstdCompressSync(Buffer.alloc(10)));
    },
  },
  {
    title: 'a head that decodes to more than it must',
    edit: (draft) => {
      draft.editFrames = (frames) => {
        frames[0] = bomb();
      };
    },
  },
  ...[2 ** 53 - 1, 2 ** 31, 256 * 1024 * 1024].map((headBytes) => ({
    title: `an index head of ${headBytes} bytes`,
    edit: (draft: Draft) => {
      draft.editManifest = (manifest) => {
        manifest.index = { ...manifest.index, headBytes };
      };
    },
  })),
  {
    title: 'an index of petabytes in an archive of petabytes',
    edit: (draft) => {
      draft.editManifest = (manifest) => {
        manifest.archive = { ...manifest.archive, sizeBytes: 2 ** 53 - 1 };
        manifest.index = { ...manifest.index, length: 2 ** 52 };
      };
    },
  },
  {
    title: 'an index outside the archive',
    edit: (draft) => {
      draft.editManifest = (manifest) => {
        manifest.index = { ...manifest.index, offset: 2 ** 53 - 1 };
      };
    },
  },
  ...['../../etc/passwd', 'backup_a/../../x.tar', '/backup_a', 'leases/x', 'backup_\0.tar'].map((name) => ({
    title: `a reference to ${JSON.stringify(name)}`,
    edit: (draft: Draft) => {
      const reference = { name, sizeBytes: 1, sha256: '0'.repeat(64) };
      draft.head.archives.push(reference);
      draft.editManifest = (manifest) => {
        manifest.references = [reference];
      };
    },
  })),
  {
    title: 'an archive that is no key',
    edit: (draft) => {
      draft.editManifest = (manifest) => {
        manifest.archive = { ...manifest.archive, name: '../backup.tar' };
      };
    },
  },
  {
    title: 'another archive than the index says',
    edit: (draft) => {
      draft.head.archives[0] = { name: 'backup_20200101_000000.tar.zst' };
    },
  },
  {
    title: 'the index of another backup',
    edit: (draft) => {
      draft.head.backup = 'backup_20200101_000000';
    },
  },
  {
    title: 'databases that the index does not have',
    edit: (draft) => {
      draft.editManifest = (manifest) => {
        manifest.databases = manifest.databases.map((database) => ({ ...database, sizeBytes: 1 }));
      };
    },
  },
  {
    title: 'a chunk whose frame decodes to far more',
    edit: (draft) => {
      // In the place of the last chunk, which the archive then ends with.
      const frame = bomb();
      firstTable(draft, (old) => {
        const last = old.count - 1;
        const { offset } = place(old, last);
        draft.chunks = Buffer.concat([draft.chunks.subarray(0, offset), frame]);
        return moved(old, (chunk) =>
          chunk === last ? { archive: 0, offset, length: frame.length } : undefined,
        );
      });
    },
  },
];

/** 300 MB of zeros in 10 KB, with a window that no decoder minds. */
function bomb(): Buffer {
  return zstdCompressSync(Buffer.alloc(300 * 1024 * 1024), {
    params: { [constants.ZSTD_c_windowLog]: 17 },
  });
}

function replaceLast(frames: Uint8Array[], frame: Uint8Array): void {
  const head = Buffer.from(frames[0] ?? []);
  frames[frames.length - 1] = frame;
  // The head says how long the page is stored; it is left alone, since a wrong length is a case of its own.
  frames[0] = head;
}

test.each(damaged)('a backup with $title is refused', async ({ golden = 'zstd', edit }) => {
  await expectRefusal(await sealedBackup(golden, edit), ['BACKUP_DAMAGED']);
});

test('pages that claim nothing but free blocks take no memory', async () => {
  const sealed = await sealedBackup('zstd', async (draft) => {
    const [file] = draft.head.files;
    const [old] = draft.tables;
    if (file === undefined || old === undefined) throw new Error('no file');
    // 200 MB of tables if each page had memory of its own, in 20 KB of archive.
    const chunks = 2 ** 22;
    file.chunks = chunks;
    file.sizeBytes = file.headBytes + (chunks - 1) * file.chunkBytes;
    const table = ChunkTable.create(4096);
    for (let chunk = 0; chunk < old.count; chunk += 1) {
      const location = old.location(chunk);
      if (location !== undefined) table.set(chunk, old.hash(chunk), location);
    }
    const first = table.pages[0];
    const empty = ChunkTable.create(4096).pages[0];
    if (first === undefined || empty === undefined) throw new Error('no page');
    draft.tables = [
      ChunkTable.fromPages(chunks, [first, ...Array.from({ length: chunks / 4096 - 1 }, () => empty)]),
    ];
  });
  const before = process.memoryUsage().rss;
  const report = await verifyBackup(sealed.target, sealed.backup, { level: 'archive' });
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  // It is only long: holes are no damage.
  expect(report.problems).toEqual([]);
});

test('a header that claims more blocks than there are is reported at once', async () => {
  const sealed = await sealedBackup('none', (draft) => {
    const [old] = draft.tables;
    const head = old?.location(0);
    if (old === undefined || head === undefined) throw new Error('no head');
    const bytes = draft.chunks.subarray(head.offset, head.offset + head.length);
    // Both headers: u64 checksum, u64 iteration, i64 meta, i64 free list, u64 block count.
    for (const header of [4096, 8192]) {
      bytes.writeBigUInt64LE(2n ** 39n, header + 8 + 24);
      bytes.writeBigUInt64LE(duckdbChecksum(bytes.subarray(header + 8, header + 4096)), header);
    }
    const table = moved(old, () => undefined);
    table.set(0, Buffer.from(sha256(bytes), 'hex'), head);
    draft.tables[0] = table;
  });
  const started = performance.now();
  const report = await verifyBackup(sealed.target, sealed.backup, { level: 'blocks' });
  expect(report).toMatchObject({
    ok: false,
    problems: [{ code: 'BACKUP_DAMAGED', message: expect.stringContaining('in use that are not stored') }],
  });
  expect(performance.now() - started).toBeLessThan(5000);
});

test('metadata in the archive that say something else change nothing', async () => {
  using folder = tempFolder();
  const { target, backup } = await sealedBackup('none', (draft) => {
    const at = draft.chunks.indexOf('"name": "results.duckdb"');
    draft.chunks = Buffer.from(draft.chunks);
    draft.chunks.write('"name": "../../x.duckdb "', at);
  });
  expect(await verifyBackup(target, backup, { level: 'archive' })).toMatchObject({ ok: true });
  const restoreDir = join(folder.path, 'restored');
  await restoreBackup(target, backup, { restoreDir });
  expect(readdirSync(restoreDir)).toEqual(['results.duckdb']);
});

const nested = `${'['.repeat(2_000_000)}${']'.repeat(1_999_000)}`;
test.each([
  ['is deeply nested', nested],
  ['is a list of two million', `[${'1,'.repeat(1_900_000)}1]`],
  ['has two million databases', `{"format":1,"databases":[${'1,'.repeat(1_900_000)}1]}`],
  ['has half a million keys', `{${Array.from({ length: 300_000 }, (_, key) => `"${key}":1`).join(',')}}`],
  ['is longer than any', ' '.repeat(5 * 1024 * 1024)],
])('a manifest that %s is refused in no time', async (_title, text) => {
  const backup = 'backup_20260101_020304';
  const zeros = `,"sha256": "${'0'.repeat(64)}"\n}\n`;
  const body = text.endsWith('}') ? text.slice(0, -1) : text;
  const sealed = `${body},"sha256": "${sha256(Buffer.from(`${body}${zeros}`))}"\n}\n`;
  const target = await targetWith([[`${backup}.json`, Buffer.from(sealed)]]);
  const started = performance.now();
  const before = process.memoryUsage().rss;
  const report = await verifyBackup(target, backup, { level: 'archive' });
  expect(report.problems).toMatchObject([{ code: 'BACKUP_DAMAGED' }]);
  expect(report.problems[0]?.message.length).toBeLessThan(2000);
  expect(await listBackups(target)).toMatchObject([{ name: backup, damaged: { code: 'BACKUP_DAMAGED' } }]);
  await expect(restoreBackup(target, backup, { restoreDir: '/nonexistent' })).rejects.toMatchObject({
    code: 'BACKUP_DAMAGED',
  });
  expect(existsSync('/nonexistent')).toBe(false);
  expect(performance.now() - started).toBeLessThan(10_000);
  expect(process.memoryUsage().rss - before).toBeLessThan(400 * 1024 * 1024);
});
