/** Stored objects changed in every way that storage and people change them. main-job.test.ts does the same to bits alone. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { Expected } from '../../golden/make.ts';
import { ERROR_CODES, type NamedTarget, restoreBackup, verifyBackup } from '../../src/index.ts';
import { ChunkTable } from '../../src/lib/archive/chunk-table.ts';
import { sealedBackup, sha256 } from '../archive/sealed-backup.ts';
import { GOLDEN, storedIn, targetWith } from '../archive/stored-backup.ts';
import { tempFolder } from '../make-database.ts';

type Objects = Map<string, Uint8Array>;
type Random = (below: number) => number;

const expectedOf = (name: string): Expected =>
  JSON.parse(readFileSync(join(GOLDEN, name, 'expected.json'), 'utf8')) as Expected;

const ending = (key: string): string => key.slice(key.indexOf('.'));

function seeded(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const flip = (bytes: Uint8Array, random: Random): Uint8Array => {
  const copy = Buffer.from(bytes);
  const at = random(copy.length);
  copy[at] = (copy[at] ?? 0) ^ (1 << random(8));
  return copy;
};

/** Two parts of equal length change places. */
const swapRegions = (bytes: Uint8Array, random: Random): Uint8Array => {
  const length = 1 + random(Math.min(2000, Math.floor(bytes.length / 2)));
  const first = random(bytes.length - 2 * length + 1);
  const second = first + length + random(bytes.length - first - 2 * length + 1);
  const copy = Buffer.from(bytes);
  copy.set(bytes.subarray(second, second + length), first);
  copy.set(bytes.subarray(first, first + length), second);
  return copy;
};

const changes: readonly ((bytes: Uint8Array, random: Random) => Uint8Array)[] = [
  flip,
  swapRegions,
  (bytes, random) => bytes.subarray(0, random(bytes.length)),
  (bytes, random) => bytes.subarray(1 + random(bytes.length - 1)),
  (bytes, random) => {
    const at = random(bytes.length);
    return Buffer.concat([
      bytes.subarray(0, at),
      Buffer.alloc(1 + random(600), random(256)),
      bytes.subarray(at),
    ]);
  },
  (bytes, random) => {
    const at = random(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(600))]);
  },
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    const at = random(copy.length);
    return copy.fill(0, at, Math.min(copy.length, at + 512));
  },
  (bytes) => Buffer.concat([bytes, bytes]),
  () => new Uint8Array(0),
];

/**
 * What verify and restore make of it.
 *
 * @returns whether verify found something; and the restore is held to giving the right bytes or none.
 */
async function judge(target: NamedTarget, expected: Expected, where: string): Promise<'found' | 'nothing'> {
  using place = tempFolder();
  const restoreDir = join(place.path, 'restored');
  const found = await verifyBackup(target, expected.backup, { level: 'archive', tempDir: place.path }).then(
    ({ ok, problems }) => {
      expect(ok, where).toBe(problems.length === 0);
      return !ok;
    },
    (error: Error & { code?: string }) => {
      expect(['BACKUP_NOT_FOUND', 'FORMAT_UNSUPPORTED'], `${where}: ${error.message}`).toContain(error.code);
      return true;
    },
  );
  const restored = await restoreBackup(target, expected.backup, { restoreDir }).catch(
    (error: Error & { code?: string }) => {
      expect(Object.keys(ERROR_CODES), `${where}: ${error.message}`).toContain(error.code);
      expect(error.code, where).not.toBe('INTERNAL');
      return undefined;
    },
  );
  const names = existsSync(restoreDir) ? readdirSync(restoreDir) : [];
  if (restored === undefined) {
    expect(names, where).toEqual([]);
    expect(found, `${where}: not restored, yet verified`).toBe(true);
    return 'found';
  }
  const done = new Set(restored.restored.map(({ name }) => name));
  for (const { name, files } of expected.databases) {
    for (const [file, { sha256: hash }] of Object.entries(files)) {
      if (done.has(name))
        expect([file, sha256(readFileSync(join(restoreDir, file)))], where).toEqual([file, hash]);
      else expect(names, where).not.toContain(file);
    }
  }
  if (restored.failed.length > 0) expect(found, `${where}: partly restored, yet verified`).toBe(true);
  return found ? 'found' : 'nothing';
}

describe.each(['several', 'wal', 'wal-none', 'holes', 'gzip'])('of the backup %s', (name) => {
  test('every change to archive or manifest is reported, and no restore gives wrong bytes', async () => {
    const expected = expectedOf(name);
    const whole: Objects = (await storedIn(join(GOLDEN, name))).target.objects;
    const keys = [...whole.keys()];
    const random = seeded(7);
    for (let round = 0; round < 108; round += 1) {
      const key = keys[round % 3 === 0 ? 1 : 0] ?? '';
      const kind = Math.floor(round / 3) % changes.length;
      const bytes = whole.get(key) ?? new Uint8Array(0);
      const changed = changes[kind]?.(bytes, random) ?? bytes;
      if (Buffer.compare(changed, bytes) === 0) continue;
      const target = await targetWith(new Map(whole).set(key, changed));
      const where = `round ${round}: change ${kind} of ${key}`;
      expect(await judge(target, expected, where), where).toBe('found');
    }
  });

  test.each(['archive', 'manifest'])('a missing %s is noticed', async (what) => {
    const objects: Objects = (await storedIn(join(GOLDEN, name))).target.objects;
    for (const key of objects.keys())
      if (key.endsWith('.json') === (what === 'manifest')) objects.delete(key);
    expect(await judge(await targetWith(objects), expectedOf(name), what)).toBe('found');
  });
});

test.each([
  ['zstd', 'wal'],
  ['wal', 'zstd'],
  ['several', 'non-ascii'],
  ['gzip', 'holes'],
  ['none', 'wal-none'],
])('objects of %s under the names of %s are noticed', async (from, to) => {
  const given = (await storedIn(join(GOLDEN, from))).target.objects;
  const taken = (await storedIn(join(GOLDEN, to))).target.objects;
  const expected = expectedOf(to);
  const keysOf = (which: (key: string) => boolean): string[] => [...taken.keys()].filter(which);
  for (const keys of [
    keysOf((key) => !key.endsWith('.json')),
    keysOf((key) => key.endsWith('.json')),
    keysOf(() => true),
  ]) {
    const objects = new Map(taken);
    for (const key of keys) {
      const other = [...given.keys()].find((candidate) => ending(candidate) === ending(key)) ?? '';
      objects.set(key, given.get(other) ?? new Uint8Array(0));
    }
    const where = `${keys.join(' and ')} from ${from}`;
    expect(await judge(await targetWith(objects), expected, where), where).toBe('found');
  }
});

test.each(['several', 'wal', 'wal-none', 'holes'])(
  'a record of the index of %s that is changed and sealed again never gives wrong bytes unnoticed',
  async (name) => {
    const expected = expectedOf(name);
    const random = seeded(11);
    let found = 0;
    const rounds = 40;
    for (let round = 0; round < rounds; round += 1) {
      const { target } = await sealedBackup(name, (draft) => {
        const file = random(draft.tables.length);
        const old = draft.tables[file];
        if (old === undefined) return;
        const table = ChunkTable.fromPages(
          old.count,
          old.pages.map((page) => Uint8Array.from(page)),
        );
        const stored = Array.from({ length: old.count }, (_, chunk) => chunk).filter((chunk) =>
          old.location(chunk),
        );
        const chunk = stored[random(stored.length)] ?? 0;
        const location = old.location(chunk);
        if (location === undefined) return;
        const hash = Buffer.from(old.hash(chunk));
        const kind = round % 4;
        if (kind === 0) hash[random(32)] = random(256) ^ 1;
        const offset = location.offset + (kind === 1 ? 1 + random(3) : 0);
        const length = location.length + (kind === 2 ? (random(2) === 0 ? -1 : 1) : 0);
        table.set(chunk, hash, { ...location, offset, length });
        if (kind === 3) {
          // A chunk becomes a hole: free, as far as the index says.
          const pages = ChunkTable.create(old.count);
          for (const other of stored) {
            const place = old.location(other);
            if (other !== chunk && place !== undefined) pages.set(other, old.hash(other), place);
          }
          draft.tables[file] = pages;
          return;
        }
        draft.tables[file] = table;
      });
      // A hole in the place of a block in use is what level `blocks` is for.
      if (round % 4 === 3) {
        const report = await verifyBackup(target, expected.backup, { level: 'blocks' });
        expect(report.ok, `round ${round}`).toBe(false);
        found += 1;
      } else if ((await judge(target, expected, `round ${round}`)) === 'found') found += 1;
    }
    expect(found).toBeGreaterThan(rounds * 0.9);
  },
);
