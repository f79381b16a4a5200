/** Restores that were killed, and a database that somebody has worked on before the next run looks at them. */
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';

import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';

import { ownHolder } from '../../src/lib/process/holder.ts';
import { claimSite } from '../../src/lib/restore/journal.ts';
import { type Journal, RestoreSite } from '../../src/lib/restore/restore-site.ts';
import { recoverSite } from '../../src/lib/restore/settle-switch.ts';
import { switchSets } from '../../src/lib/restore/switch-sets.ts';
import { FILE_ROLES } from '../../src/lib/snapshot/database-files.ts';
import { tempFolder } from '../make-database.ts';
import { databaseSet, type DatabaseSet, emptyFolder, look, rolesOf, writeSetFiles } from './database-set.ts';
import { Crashed } from './faulty-files.ts';

const { files } = await vi.hoisted(async () => {
  const { FaultyFiles: Files } = await import('./faulty-files.ts');
  return { files: new Files() };
});
vi.mock('node:fs/promises', async (original) => files.wrap(await original()));

const folder = tempFolder();
const site = new RestoreSite(join(folder.path, 'a.duckdb'));
const suffix = '.bak-20260101_000000';
const fresh = databaseSet('new', ['database', 'wal']);
/** Above the largest process number of Linux: this process is not running. */
const DEAD_PID = 4_194_305;

afterEach(() => {
  files.arm(undefined);
  files.hardLinks = true;
});
afterAll(() => folder[Symbol.dispose]());

/** A restore that is killed at this step, or at none. */
async function killedAt(step: number | undefined, old: DatabaseSet): Promise<void> {
  emptyFolder(folder.path);
  writeSetFiles(old, (role) => site.live(role));
  const holder = { ...(await ownHolder()), pid: DEAD_PID };
  const lists = { oldFiles: rolesOf(old), newFiles: rolesOf(fresh) };
  const journal: Journal = { format: 1, phase: 'writing', backup: 'backup_1', holder, suffix, ...lists };
  files.arm(step === undefined ? undefined : { step, kind: 'crash' });
  try {
    await claimSite(site, journal);
    writeSetFiles(fresh, (role) => site.fresh(role));
    await switchSets(site, journal);
  } catch (error) {
    expect(error).toBeInstanceOf(Crashed);
  }
}

/** Kills it at every step, then lets somebody work on what is there, if `work` says so, and recovers. */
async function atEveryStep(
  old: DatabaseSet,
  work: () => boolean,
  check: (where: string, said: string | undefined) => void,
): Promise<number> {
  await killedAt(undefined, old);
  const { steps } = files;
  let worked = 0;
  for (let step = 1; step <= steps; step += 1) {
    await killedAt(step, old);
    files.arm(undefined);
    if (!work()) continue;
    worked += 1;
    check(`killed at step ${step}`, await recoverSite(site));
    expect(readdirSync(folder.path).filter((name) => name.includes('quackup'))).toEqual([]);
  }
  return worked;
}

const live = (): DatabaseSet =>
  Object.fromEntries(
    FILE_ROLES.filter((role) => existsSync(site.live(role))).map((role) => [
      role,
      readFileSync(site.live(role), 'utf8'),
    ]),
  );

const kept = (): string[] => readdirSync(folder.path).filter((name) => name.includes('.bak-'));

describe.each([true, false])('with hard links: %s', (hardLinks) => {
  test.each([[['database']], [['database', 'wal']]] as const)(
    'the WAL of an old database (%j) that was worked on since is left alone',
    async (roles) => {
      files.hardLinks = hardLinks;
      const old = databaseSet('old', roles);
      const worked = await atEveryStep(
        old,
        () => {
          if (look(site, old, fresh) !== 'old') return false;
          writeFileSync(site.live('wal'), 'commits since');
          return true;
        },
        (where, said) => {
          expect(live(), where).toEqual({ database: 'old database', wal: 'commits since' });
          expect(kept(), where).toEqual([]);
          if (said !== undefined) expect(said, where).toMatch(/as it was before$/);
        },
      );
      expect(worked).toBeGreaterThan(5);
    },
  );

  test('a database that was made where there was none is left alone, with its WAL', async () => {
    files.hardLinks = hardLinks;
    const worked = await atEveryStep(
      {},
      () => {
        if (existsSync(site.path)) return false;
        writeSetFiles(databaseSet('made', ['database', 'wal']), (role) => site.live(role));
        return true;
      },
      (where) => expect(live(), where).toEqual(databaseSet('made', ['database', 'wal'])),
    );
    expect(worked).toBeGreaterThan(5);
  });

  test('a database that was copied back over the guard, and worked on, is left alone', async () => {
    files.hardLinks = hardLinks;
    const old = databaseSet('old', ['database', 'wal']);
    const worked = await atEveryStep(
      old,
      () => {
        if (look(site, old, fresh) !== 'guard' || !existsSync(site.aside('wal', suffix))) return false;
        for (const role of rolesOf(old)) {
          rmSync(site.live(role), { force: true });
          copyFileSync(site.aside(role, suffix), site.live(role));
          writeFileSync(site.live(role), ', and more', { flag: 'a' });
        }
        return true;
      },
      (where, said) => {
        expect(live(), where).toEqual({ database: 'old database, and more', wal: 'old wal, and more' });
        expect(kept(), where).toEqual(rolesOf(old).map((role) => basename(site.aside(role, suffix))));
        expect(said, where).toContain('has since been put there');
        expect(said, where).toContain(site.aside('database', suffix));
      },
    );
    expect(worked).toBeGreaterThan(1);
  });

  test('a database that was moved back over the guard, and worked on, is left alone', async () => {
    files.hardLinks = hardLinks;
    const old = databaseSet('old', ['database']);
    const worked = await atEveryStep(
      old,
      () => {
        if (look(site, old, fresh) !== 'guard') return false;
        renameSync(site.aside('database', suffix), site.live('database'));
        writeFileSync(site.live('wal'), 'commits since');
        return true;
      },
      (where) => {
        expect(live(), where).toEqual({ database: 'old database', wal: 'commits since' });
        expect(kept(), where).toEqual([]);
      },
    );
    expect(worked).toBeGreaterThan(1);
  });

  test('a guard without the new set beside it gives way to the old one', async () => {
    files.hardLinks = hardLinks;
    const old = databaseSet('old', ['database', 'wal']);
    const worked = await atEveryStep(
      old,
      () => {
        if (look(site, old, fresh) !== 'guard') return false;
        for (const role of FILE_ROLES) rmSync(site.fresh(role), { force: true });
        return true;
      },
      (where) => expect(live(), where).toEqual(old),
    );
    expect(worked).toBeGreaterThan(1);
  });
});
