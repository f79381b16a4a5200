/** A whole restore over a database that is there, with the file system failing or the process dying at every step. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { Expected } from '../../golden/make.ts';
import { ERROR_CODES, type NamedTarget, QuackupError, restoreBackup } from '../../src/index.ts';
import type * as Holder from '../../src/lib/process/holder.ts';
import { GOLDEN, storedIn } from '../archive/stored-backup.ts';
import { tempFolder } from '../make-database.ts';
import { emptyFolder } from './database-set.ts';
import type { Fault } from './faulty-files.ts';

const { files, life } = await vi.hoisted(async () => {
  const { FaultyFiles: Files } = await import('./faulty-files.ts');
  return { files: new Files(), life: { isOver: false } };
});
vi.mock('node:fs/promises', async (original) => files.wrap(await original()));
// What a run leaves behind names a process that is not there any more, as after kill -9.
vi.mock('../../src/lib/process/holder.ts', async (original) => {
  const actual = await original<typeof Holder>();
  const ownHolder = async (): Promise<Holder.Holder> => {
    const own = await actual.ownHolder();
    return life.isOver ? { ...own, pid: 4_194_305 } : own;
  };
  return { ...actual, ownHolder };
});

const folder = tempFolder();
const golden = join(GOLDEN, 'wal');
const { backup, databases } = JSON.parse(readFileSync(join(golden, 'expected.json'), 'utf8')) as Expected;
const [entry] = databases;
const path = join(folder.path, entry?.name ?? '');
const OLD = Buffer.from('the old database'.repeat(1000));
const OLD_WAL = Buffer.from('the old WAL');
let target: NamedTarget;

beforeEach(async () => {
  target = await storedIn(golden);
});
afterEach(() => {
  files.arm(undefined);
  life.isOver = false;
});
afterAll(() => folder[Symbol.dispose]());

const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

function whatIsThere(): 'old' | 'new' | 'guard' | 'torn' {
  const bytes = readFileSync(path);
  if (bytes.toString('latin1').startsWith('QUACKUP: ')) return 'guard';
  const wal = existsSync(`${path}.wal`) ? readFileSync(`${path}.wal`) : undefined;
  if (bytes.equals(OLD)) return wal?.equals(OLD_WAL) === true ? 'old' : 'torn';
  const whole = Object.entries(entry?.files ?? {}).every(
    ([file, expected]) => sha256(join(folder.path, file)) === expected.sha256,
  );
  return whole ? 'new' : 'torn';
}

const traces = (): string[] => readdirSync(folder.path).filter((name) => name.includes('quackup'));

async function run(fault: Fault | undefined): Promise<unknown> {
  emptyFolder(folder.path);
  writeFileSync(path, OLD);
  writeFileSync(`${path}.wal`, OLD_WAL);
  files.arm(fault);
  return restoreBackup(target, backup, { restoreDir: folder.path, overwrite: true }).then(
    () => undefined,
    (error: unknown) => error,
  );
}

test('a restore that is killed at any step shows one whole set or the guard, and the next one does it all', async () => {
  life.isOver = true;
  expect(await run(undefined)).toBeUndefined();
  const { steps } = files;
  expect(steps).toBeGreaterThan(30);
  const seen = new Set<string>();
  for (let step = 1; step <= steps; step += 1) {
    await run({ step, kind: 'crash' });
    const sight = whatIsThere();
    seen.add(sight);
    expect(sight, `killed at step ${step}`).not.toBe('torn');
    files.arm(undefined);
    const report = await restoreBackup(target, backup, { restoreDir: folder.path, overwrite: true });
    expect(whatIsThere(), `after step ${step}`).toBe('new');
    expect(report.restored).toHaveLength(1);
    expect(traces(), `after step ${step}`).toEqual([]);
    const kept = readdirSync(folder.path).filter((name) => name.includes('.bak-'));
    expect(kept.some((name) => readFileSync(join(folder.path, name)).equals(OLD))).toBe(true);
  }
  expect([...seen].sort()).toEqual(['guard', 'new', 'old']);
});

test.each(['ENOSPC', 'EACCES', 'EXDEV', 'EIO'])(
  'a restore that meets %s once ends with a documented error and the old set, or with the new one',
  async (code) => {
    await run(undefined);
    const { steps } = files;
    for (let step = 1; step <= steps; step += 1) {
      const error = await run({ step, kind: 'once', code });
      const where = `${code} at step ${step}: ${String(error)}`;
      if (error !== undefined) {
        expect(error, where).toBeInstanceOf(QuackupError);
        expect(Object.keys(ERROR_CODES)).toContain((error as QuackupError).code);
        expect((error as QuackupError).code, where).not.toBe('INTERNAL');
      }
      expect(whatIsThere(), where).toBe(error === undefined ? 'new' : 'old');
      expect(traces(), where).toEqual([]);
    }
  },
);

test('a restore on a disk that fails for good says so, tears nothing, and the next run settles it', async () => {
  life.isOver = true;
  await run(undefined);
  const { steps } = files;
  for (let step = 1; step <= steps; step += 1) {
    const error = await run({ step, kind: 'onwards', code: 'EROFS' });
    const where = `step ${step}: ${String(error)}`;
    // Behind the switch only traces were left to remove; that they could not be is no failed restore, but it is said.
    expect(error, where).toBeInstanceOf(QuackupError);
    expect(whatIsThere(), where).not.toBe('torn');
    if ((error as Error).message.includes('as it was before')) expect(whatIsThere(), where).toBe('old');
    files.arm(undefined);
    await restoreBackup(target, backup, { restoreDir: folder.path, overwrite: true });
    expect(whatIsThere(), where).toBe('new');
    expect(traces(), where).toEqual([]);
  }
});
