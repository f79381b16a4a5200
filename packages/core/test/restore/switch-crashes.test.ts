/** Every step of a switch at which the process may end, or the file system refuse: decisions/0001-guard-while-restoring.md. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';

import { ownHolder } from '../../src/lib/process/holder.ts';
import { claimSite } from '../../src/lib/restore/journal.ts';
import { type Journal, RestoreSite } from '../../src/lib/restore/restore-site.ts';
import { recoverSite, settleSwitch } from '../../src/lib/restore/settle-switch.ts';
import { switchSets } from '../../src/lib/restore/switch-sets.ts';
import { tempFolder } from '../make-database.ts';
import {
  databaseSet,
  type DatabaseSet,
  emptyFolder,
  look,
  lostFiles,
  rolesOf,
  settledNames,
  writeSetFiles,
} from './database-set.ts';
import { Crashed, type Fault } from './faulty-files.ts';

const { files } = await vi.hoisted(async () => {
  const { FaultyFiles: Files } = await import('./faulty-files.ts');
  return { files: new Files() };
});
vi.mock('node:fs/promises', async (original) => files.wrap(await original()));

const folder = tempFolder();
const site = new RestoreSite(join(folder.path, 'my data é.duckdb'));
const suffix = '.bak-20260101_000000';
/** Above the largest process number of Linux: this process is not running. */
const DEAD_PID = 4_194_305;

afterEach(() => {
  files.arm(undefined);
  files.hardLinks = true;
});
afterAll(() => folder[Symbol.dispose]());

interface Scenario {
  readonly title: string;
  readonly old: DatabaseSet;
  readonly fresh: DatabaseSet;
  readonly hardLinks: boolean;
}

const olds = [
  [],
  ['database'],
  ['database', 'wal'],
  ['database', 'wal', 'wal.checkpoint', 'wal.recovery'],
  ['wal'],
] as const;
const news = [['database'], ['database', 'wal'], ['database', 'wal.checkpoint']] as const;
const scenarios: Scenario[] = [true, false].flatMap((hardLinks) =>
  olds.flatMap((old) =>
    (hardLinks ? news : news.slice(1, 2)).map((fresh) => ({
      title: `${old.join(' + ') || 'nothing'} to ${fresh.join(' + ')}${hardLinks ? '' : ' without hard links'}`,
      old: databaseSet('old', old),
      fresh: databaseSet('new', fresh),
      hardLinks,
    })),
  ),
);

async function journalOf({ old, fresh }: Scenario): Promise<Journal> {
  const holder = { ...(await ownHolder()), pid: DEAD_PID };
  const base = { format: 1, backup: 'backup_20260101_000000', holder, suffix } as const;
  return { ...base, phase: 'writing', oldFiles: rolesOf(old), newFiles: rolesOf(fresh) };
}

/** The whole of what a restore does at the place of one database, up to the fault. */
async function run(scenario: Scenario, journal: Journal, fault: Fault | undefined): Promise<unknown> {
  emptyFolder(folder.path);
  files.hardLinks = scenario.hardLinks;
  writeSetFiles(scenario.old, (role) => site.live(role));
  files.arm(fault);
  try {
    await claimSite(site, journal);
    writeSetFiles(scenario.fresh, (role) => site.fresh(role));
    await switchSets(site, journal);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** That whoever opens the database now gets one whole set or an error, and that nothing of the old set is lost. */
function expectPromise({ old, fresh, hardLinks }: Scenario, where: string): void {
  const sight = look(site, old, fresh);
  const allowed = [...(old.database === undefined || !hardLinks ? ['missing'] : []), 'old', 'new', 'guard'];
  if (old.database === undefined && !hardLinks) allowed.push('claimed');
  expect(allowed, where).toContain(sight);
  expect(lostFiles(site, old, suffix), where).toEqual([]);
}

/** That the next run finds one whole set, says which, and leaves nothing behind. */
async function expectRecovery(scenario: Scenario, where: string): Promise<'old' | 'new'> {
  const { old, fresh } = scenario;
  files.arm(undefined);
  const said = await recoverSite(site);
  const sight = look(site, old, fresh);
  const inPlace = sight === 'new' ? 'new' : 'old';
  expect(sight, where).toBe(inPlace === 'old' && old.database === undefined ? 'missing' : inPlace);
  expect(readdirSync(folder.path).sort(), where).toEqual(settledNames(site, inPlace, old, fresh, suffix));
  if (said !== undefined) {
    expect(said, where).toMatch(inPlace === 'new' ? /restored database is in place$/ : /as it was before$/);
  }
  return inPlace;
}

describe.each(scenarios)('a switch from $title', (scenario) => {
  test('ends with the new set in place and the old one aside', async () => {
    expect(await run(scenario, await journalOf(scenario), undefined)).toBeUndefined();
    expect(look(site, scenario.old, scenario.fresh)).toBe('new');
    expect(await expectRecovery(scenario, 'finished')).toBe('new');
  });

  test('killed at any step shows one whole set or an error, and the next run settles it', async () => {
    const journal = await journalOf(scenario);
    await run(scenario, journal, undefined);
    const { steps } = files;
    expect(steps).toBeGreaterThan(15);
    const ends = new Set<string>();
    for (let step = 1; step <= steps; step += 1) {
      const error = await run(scenario, journal, { step, kind: 'crash' });
      expect(error).toBeInstanceOf(Crashed);
      expectPromise(scenario, `killed at step ${step}`);
      ends.add(await expectRecovery(scenario, `killed at step ${step}`));
    }
    expect([...ends]).toEqual(['old', 'new']);
  });

  test('that meets a full disk or a refusal at any step is undone at once, or has been done', async () => {
    const journal = { ...(await journalOf(scenario)), holder: await ownHolder() };
    await run(scenario, journal, undefined);
    const { steps } = files;
    for (let step = 1; step <= steps; step += 1) {
      const code = ['ENOSPC', 'EACCES', 'EXDEV'][step % 3] ?? '';
      const error = await run(scenario, journal, { step, kind: 'once', code });
      if (error === undefined) continue;
      expectPromise(scenario, `${code} at step ${step}`);
      // As restoreBackup does: a claim that failed has removed its traces itself.
      if (readdirSync(folder.path).some((name) => name.endsWith('quackup-restore.json')))
        await settleSwitch(site, journal);
      await expectRecovery(scenario, `${code} at step ${step}`);
    }
  });
});

test.each(
  scenarios
    .filter(
      ({ old, fresh, hardLinks }) =>
        fresh.wal !== undefined && old.wal !== undefined && (old['wal.recovery'] !== undefined) === hardLinks,
    )
    .slice(0, 2),
)(
  'a recovery from $title that is killed itself at any step is settled by the one after it',
  async (scenario) => {
    const journal = await journalOf(scenario);
    await run(scenario, journal, undefined);
    const { steps } = files;
    for (let step = 1; step <= steps; step += 1) {
      for (let second = 1; ; second += 1) {
        await run(scenario, journal, { step, kind: 'crash' });
        files.arm({ step: second, kind: 'crash' });
        const killed = await recoverSite(site).then(
          () => false,
          (error: unknown) => error instanceof Crashed,
        );
        expectPromise(scenario, `killed at step ${step}, then at ${second} of the recovery`);
        await expectRecovery(scenario, `killed at step ${step}, then at ${second} of the recovery`);
        if (!killed) break;
      }
    }
  },
);
