/**
 * Encrypted objects changed as an attacker would who has the bucket: bytes, whole pieces, files of other backups, manifests that were
 * true once, what stands outside in a manifest, with its seal made anew. Nothing is accepted, and no byte is given out that was not
 * backed up. Long runs: QUACKUP_TAMPERING=1008, QUACKUP_SEED, QUACKUP_TAMPERING_ROWS.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { MemoryStore } from '@quackup/target-testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { QuackupError, restoreBackup, verifyBackup } from '../../src/index.ts';
import { copyOf } from '../backup/small-place.ts';
import { tempFolder } from '../make-database.ts';
import { encryption, EncryptedPlace, identity, keys, place } from './encrypted-place.ts';

const RUNS = Number(process.env['QUACKUP_TAMPERING'] ?? 36);
const SEED = Number(process.env['QUACKUP_SEED'] ?? 20_261_126);
const PIECE = 65_552;

type Random = (below: number) => number;
type Change = (store: MemoryStore, target: Target, random: Random) => void;
interface Target {
  readonly backup: string;
  /** Of the archive that is changed: the backup's own, or one that it refers to. */
  readonly archive: string;
}

/** QUACKUP_TAMPERING_ROWS=100000: restores go through threads as well, and take three times as long. */
const here = new EncryptedPlace(Number(process.env['QUACKUP_TAMPERING_ROWS'] ?? 60_000));
const base = new MemoryStore();
/** What each backup must restore. */
const contents = new Map<string, Buffer>();
/** Archives that each backup reads. */
const archives = new Map<string, readonly string[]>();
/** The same databases backed up elsewhere, for the same key: all of it well formed, and of names that are the same. */
const elsewhere = new MemoryStore();
const FIRST = 'backup_20260101_000000';

beforeAll(async () => {
  for (const day of [1, 2, 3]) {
    if (day > 1) here.change(day);
    const { backup } = await here.backUp([place(base)], day);
    contents.set(backup, await here.content());
    const manifest = JSON.parse(text(base, `${backup}.json`)) as { references: { name: string }[] };
    archives.set(backup, [`${backup}.tar.zst.age`, ...manifest.references.map(({ name }) => name)]);
  }
  for (const day of [1, 2, 3]) {
    here.change(day + 10);
    await here.backUp([place(elsewhere)], day, { memoryDir: join(here.path, 'elsewhere') });
  }
});
afterAll(() => here[Symbol.dispose]());

const bytesOf = (store: MemoryStore, key: string): Buffer => Buffer.from(store.objects.get(key) ?? []);
const text = (store: MemoryStore, key: string): string => bytesOf(store, key).toString();

function seeded(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Where the pieces of an age file begin. */
const piecesFrom = (file: Buffer): number => file.indexOf('\n', file.indexOf('\n---') + 1) + 1 + 16;

function edit(store: MemoryStore, key: string, change: (bytes: Buffer) => Uint8Array): void {
  const bytes = bytesOf(store, key);
  store.set(key, change(Buffer.from(bytes)));
}

const flipIn =
  (from: (bytes: Buffer) => number, to: (bytes: Buffer) => number) =>
  (bytes: Buffer, random: Random): Buffer => {
    const at = from(bytes) + random(to(bytes) - from(bytes));
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random(8)), at);
    return bytes;
  };
const flip = flipIn(
  () => 0,
  ({ length }) => length,
);
const flipHeader = flipIn(() => 0, piecesFrom);

/** A manifest with a field changed and its seal made again: anyone can do that. */
function resealed(manifest: Record<string, unknown>): Buffer {
  const { sha256: _old, ...content } = manifest;
  const unsealed = `${JSON.stringify({ ...content, sha256: '0'.repeat(64) }, null, 2)}\n`;
  const seal = createHash('sha256').update(unsealed).digest('hex');
  return Buffer.from(unsealed.replace(/"0{64}"\n\}\n$/, `"${seal}"\n}\n`));
}

function forge(
  store: MemoryStore,
  backup: string,
  change: (manifest: Record<string, unknown>) => void,
): void {
  const manifest = JSON.parse(text(store, `${backup}.json`)) as Record<string, unknown>;
  change(manifest);
  store.set(`${backup}.json`, resealed(manifest));
}

const pick = <Item>(items: readonly Item[], random: Random): Item => {
  const item = items[random(items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
};

const others = (backup: string): string[] => [...contents.keys()].filter((name) => name !== backup);

const changes: Readonly<Record<string, Change>> = {
  'a bit of an archive': (store, { archive }, random) => edit(store, archive, (bytes) => flip(bytes, random)),
  'a bit of a header or nonce': (store, { archive }, random) =>
    edit(store, archive, (bytes) => flipHeader(bytes, random)),
  'a bit of a manifest': (store, { backup }, random) =>
    edit(store, `${backup}.json`, (bytes) => flip(bytes, random)),
  'the end is cut off': (store, { archive }, random) =>
    edit(store, archive, (bytes) => bytes.subarray(0, random(bytes.length))),
  'the end is cut off at a border of pieces': (store, { archive }, random) =>
    edit(store, archive, (bytes) => {
      const start = piecesFrom(bytes);
      return bytes.subarray(0, start + PIECE * random(Math.ceil((bytes.length - start) / PIECE)));
    }),
  'something is added': (store, { archive }, random) =>
    edit(store, archive, (bytes) => Buffer.concat([bytes, Buffer.alloc(1 + random(2 * PIECE), random(256))])),
  'a piece is repeated at the end': (store, { archive }, random) =>
    edit(store, archive, (bytes) => {
      const at = piecesFrom(bytes) + PIECE * random(Math.floor((bytes.length - piecesFrom(bytes)) / PIECE));
      return Buffer.concat([bytes, bytes.subarray(at, at + PIECE)]);
    }),
  'two pieces change places': (store, _target, random) =>
    edit(store, `${FIRST}.tar.zst.age`, (bytes) => {
      const start = piecesFrom(bytes);
      const whole = Math.floor((bytes.length - start) / PIECE);
      const first = random(whole);
      const second = (first + 1 + random(whole - 1)) % whole;
      const copy = Buffer.from(bytes);
      copy.copy(bytes, start + first * PIECE, start + second * PIECE, start + (second + 1) * PIECE);
      copy.copy(bytes, start + second * PIECE, start + first * PIECE, start + (first + 1) * PIECE);
      return bytes;
    }),
  'a piece of the same place in another archive': (store, _target, random) =>
    edit(store, `${FIRST}.tar.zst.age`, (bytes) => {
      const other = bytesOf(elsewhere, `${FIRST}.tar.zst.age`);
      const piece = random(Math.floor((Math.min(bytes.length, other.length) - piecesFrom(bytes)) / PIECE));
      other.copy(
        bytes,
        piecesFrom(bytes) + piece * PIECE,
        piecesFrom(other) + piece * PIECE,
        piecesFrom(other) + (piece + 1) * PIECE,
      );
      return bytes;
    }),
  'the header of another archive': (store, { archive }, random) =>
    edit(store, archive, (bytes) => {
      const names = others(archive.slice(0, archive.indexOf('.')));
      const other = bytesOf(base, `${pick(names, random)}.tar.zst.age`);
      return Buffer.concat([other.subarray(0, piecesFrom(other)), bytes.subarray(piecesFrom(bytes))]);
    }),
  'the archive of another backup': (store, { backup, archive }, random) => {
    const other = `${pick(others(backup), random)}.tar.zst.age`;
    if (other !== archive) store.set(archive, bytesOf(base, other));
    else store.set(archive, bytesOf(elsewhere, archive));
  },
  'the archive of the same name from elsewhere': (store, { archive }) =>
    store.set(archive, bytesOf(elsewhere, archive)),
  'the manifest of another backup': (store, { backup }, random) =>
    store.set(`${backup}.json`, bytesOf(base, `${pick(others(backup), random)}.json`)),
  'an old manifest under a new name': (store, { backup }, random) => {
    const old = JSON.parse(text(base, `${pick(others(backup), random)}.json`)) as Record<string, unknown>;
    store.set(`${backup}.json`, resealed({ ...old, name: backup }));
  },
  'what is sealed in another manifest': (store, { backup }, random) => {
    const old = JSON.parse(text(base, `${pick(others(backup), random)}.json`)) as Record<string, unknown>;
    forge(store, backup, (manifest) => (manifest['sealed'] = old['sealed']));
  },
  'a manifest of the same name from elsewhere': (store, { backup }) =>
    store.set(`${backup}.json`, bytesOf(elsewhere, `${backup}.json`)),
  'a field of a manifest, sealed again': (store, { backup }, random) =>
    forge(store, backup, (manifest) => {
      const forged: readonly (() => void)[] = [
        () => (manifest['createdAt'] = '2026-06-01T00:00:00.000Z'),
        () => (manifest['finishedAt'] = '2026-06-01T00:00:00.000Z'),
        () => (manifest['kind'] = manifest['kind'] === 'full' ? 'incremental' : 'full'),
        () => (manifest['sizeBytes'] = random(1_000_000)),
        () => (manifest['failed'] = 1 + random(9)),
        () => (manifest['recipients'] = []),
        () => (manifest['references'] = [{ name: 'backup_x.tar.age', sizeBytes: 1, sha256: '0'.repeat(64) }]),
        () => Object.assign(manifest['archive'] as object, { sha256: '0'.repeat(64) }),
        () => Object.assign(manifest['archive'] as object, { sizeBytes: random(1_000_000) }),
      ];
      pick(forged, random)();
    }),
  'a bit of what is sealed in a manifest, sealed again': (store, { backup }, random) =>
    forge(store, backup, (manifest) => {
      const sealed = Buffer.from(manifest['sealed'] as string, 'base64');
      manifest['sealed'] = flip(sealed, random).toString('base64');
    }),
};

/** The codes with which a change may be answered: damage, or a key that no longer fits. */
const FOUND = new Set(['BACKUP_DAMAGED', 'KEY_WRONG', 'FORMAT_UNSUPPORTED', 'ARCHIVE_HOSTILE']);

/** A restore gives what was backed up, whole, or fails and leaves nothing. @returns whether it failed. */
async function isRefused(store: MemoryStore, backup: string, where: string): Promise<boolean> {
  using into = tempFolder();
  const restoreDir = join(into.path, 'restored');
  try {
    await restoreBackup(place(store), backup, { restoreDir, keys });
  } catch (error) {
    expect(error, where).toBeInstanceOf(QuackupError);
    expect(FOUND, where).toContain((error as QuackupError).code);
    expect(existsSync(restoreDir) ? readdirSync(restoreDir) : [], where).toEqual([]);
    return true;
  }
  const expected = contents.get(backup) ?? Buffer.alloc(0);
  expect(readFileSync(join(restoreDir, 'data.duckdb')).equals(expected), where).toBe(true);
  return false;
}

async function isFound(store: MemoryStore, backup: string, where: string): Promise<boolean> {
  try {
    const report = await verifyBackup(place(store), backup, { level: 'blocks', keys });
    for (const { code } of report.problems) expect(FOUND, where).toContain(code);
    return !report.ok;
  } catch (error) {
    expect(FOUND, where).toContain((error as QuackupError).code);
    return true;
  }
}

test(
  `${RUNS} changes of encrypted objects: none is accepted, and nothing is given out that was not backed up`,
  { timeout: 400_000 + RUNS * 2000 },
  async () => {
    const random = seeded(SEED);
    const names = Object.keys(changes);
    const refused = new Map(names.map((name) => [name, 0]));
    for (let run = 0; run < RUNS; run += 1) {
      const name = names[run % names.length] ?? '';
      const backup = pick([...contents.keys()], random);
      const store = copyOf(base);
      changes[name]?.(store, { backup, archive: pick(archives.get(backup) ?? [], random) }, random);
      const where = `run ${run}: ${name}`;
      const isChanged = [...store.objects].some(([key, bytes]) => !bytesOf(base, key).equals(bytes));
      expect(isChanged, `${where} changes something`).toBe(true);
      const found: string[] = [];
      for (const other of contents.keys()) {
        const isOut = await isRefused(store, other, `${where}, ${other}`);
        if (isOut) refused.set(name, (refused.get(name) ?? 0) + 1);
        // A restore may not need what was changed; verify reads all of it.
        if (await isFound(store, other, `${where}, ${other}`)) found.push(other);
        else expect(isOut, `${where}, ${other}: restore refuses what verify finds whole`).toBe(false);
      }
      expect(found, where).not.toEqual([]);
    }
    process.stdout.write(
      `${RUNS} changes; restores refused: ${JSON.stringify(Object.fromEntries(refused))}\n`,
    );
    expect(encryption.recipients).toHaveLength(1);
    expect(identity.kind).toBe('x25519');
  },
);
