/**
 * A simulated year: a daily run for every day, with a clock that is set by hand, real archives of real records, and all that goes
 * wrong in a year. A month of it unless QUACKUP_YEAR=full.
 */
import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { tempFolder } from '../support/temp-folder.ts';
import { type Calendar, FULL_YEAR, runsOf, SHORT_YEAR, troublesOf } from './calendar.ts';
import { listen, type Listener } from './listener.ts';
import { type Content, type DailyAnswer, Machine, type TargetName } from './machine.ts';
import { type Made, MOST, mustBeThere } from './retention-promise.ts';

/** What was made, and what is expected of it. */
class Year {
  readonly machine: Machine;
  readonly listener: Listener;
  readonly made: Record<TargetName, Made[]> = { local: [], offsite: [] };
  /** By name of the backup. */
  readonly contents = new Map<string, Content>();
  /** What is restored at the moment, by target. */
  readonly restored = new Map<TargetName, string>();
  /** What somebody who gets the messages believes to be wrong. */
  readonly believed = new Set<string>();
  source: Content = '';
  runs = 0;
  checkedRestores = 0;

  constructor(machine: Machine, listener: Listener) {
    this.machine = machine;
    this.listener = listener;
  }

  /** Contents of what was restored after the last run, and the work of a day. */
  async work(day: number): Promise<void> {
    const contents = await this.machine.work(day);
    this.source = contents.get('source') ?? this.source;
    for (const [target, backup] of this.restored) {
      expect(contents.get(`restored-${target}`), `day ${day}: ${backup} on ${target}`).toBe(
        this.contents.get(backup),
      );
      this.checkedRestores += 1;
    }
    this.restored.clear();
  }

  async run(day: number, args: readonly string[], expected: ReadonlySet<string>): Promise<DailyAnswer> {
    const before = new Map(Machine.targets.map((target) => [target, this.machine.namesOn(target)]));
    const answer = await this.machine.daily(...args);
    this.runs += 1;
    const failed = new Set(
      (answer.report.problems ?? []).flatMap(({ severity, subject }) =>
        severity === 'failure' ? [subject] : [],
      ),
    );
    expect(failed, `day ${day}: ${JSON.stringify(answer.report.problems)}`).toEqual(expected);
    expect(answer.status, `day ${day}`).toBe(expected.size > 0 ? 1 : 0);
    for (const target of Machine.targets)
      this.#checkTarget(day, target, answer, before.get(target) ?? new Set());
    return answer;
  }

  /** What was made is noted, and what retention promises is held to. */
  #checkTarget(day: number, target: TargetName, { report }: DailyAnswer, before: ReadonlySet<string>): void {
    const { backup } = report;
    const isWritten = backup?.targets.some(({ name, status }) => name === target && status === 'ok') === true;
    const isComplete = backup?.databases.every(({ status }) => status === 'ok') === true;
    const now = this.machine.namesOn(target);
    if (backup !== undefined && isWritten) {
      expect(now, `day ${day}, ${target}`).toContain(backup.backup);
      if (isComplete) {
        this.made[target].push({ name: backup.backup, createdAt: new Date(backup.createdAt) });
        this.contents.set(backup.backup, this.source);
      }
    }
    const gone = [...before].filter((name) => !now.has(name));
    if (!isWritten || !isComplete)
      expect(gone, `day ${day}, ${target}: a run that failed removes nothing`).toEqual([]);
    // A clock that is set back makes young again what was rightly removed; what is there must not go.
    const there = this.made[target].filter(({ name }) => before.has(name) || name === backup?.backup);
    const broken = [...mustBeThere(there, this.machine.now)].filter((name) => !now.has(name));
    expect(broken, `day ${day}, ${target}: what retention promised`).toEqual([]);
    expect(now.size, `day ${day}, ${target}`).toBeLessThanOrEqual(MOST);
  }

  /** The newest complete backup of each target that can be reached is restored; {@link work} looks into it. */
  async restoreLastGood(day: number, reachable: readonly TargetName[]): Promise<void> {
    for (const target of reachable) {
      const there = this.machine.namesOn(target);
      const [newest] = this.made[target]
        .filter(({ name }) => there.has(name))
        .toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
      if (newest === undefined) continue;
      expect(await this.machine.restore(newest.name, target), `day ${day}: ${newest.name} on ${target}`).toBe(
        true,
      );
      this.restored.set(target, newest.name);
    }
  }

  /** One message if something is new or over and somebody listens, else none. */
  checkTold(day: number, wrong: ReadonlySet<string>): void {
    const fresh = [...wrong].filter((subject) => !this.believed.has(subject));
    const over = [...this.believed].filter((subject) => !wrong.has(subject));
    const expected =
      this.listener.isDeaf || (fresh.length === 0 && over.length === 0)
        ? []
        : [{ kind: fresh.length > 0 ? 'failure' : 'recovery', wrong: [...wrong], over }];
    const told = this.listener.told.splice(0);
    expect(told.map(sorted), `day ${day}`).toEqual(expected.map(sorted));
    if (expected.length === 0) return;
    for (const subject of fresh) this.believed.add(subject);
    for (const subject of over) this.believed.delete(subject);
  }
}

function sorted<Message extends { wrong: readonly string[]; over: readonly string[] }>(
  message: Message,
): Message {
  return { ...message, wrong: message.wrong.toSorted(), over: message.over.toSorted() };
}

async function live(calendar: Calendar, folder: string, listener: Listener): Promise<Year> {
  const machine = await Machine.create(folder, listener.url);
  const year = new Year(machine, listener);
  let messages = 0;
  let wasOff = false;
  for (let day = 0; day < calendar.days; day += 1) {
    const troubles = troublesOf(calendar, day);
    if (troubles.has('off')) {
      wasOff = true;
      continue;
    }
    machine.setWeather(
      troubles.has('down') ? `down ${day % 2 === 0 ? 'denied' : ''}` : troubles.has('full') ? 'full' : '',
    );
    machine.setLocked(false);
    await year.work(day);
    machine.setLocked(troubles.has('locked'));
    listener.isDeaf = troubles.has('deaf');
    const wrong = new Set([
      ...(troubles.has('down') || troubles.has('full') ? ['target offsite'] : []),
      ...(troubles.has('locked') ? ['database results.duckdb'] : []),
    ]);
    for (const { at, again } of runsOf(calendar, day)) {
      machine.now = at;
      // As `schedule install` has it: what was missed is made up for, and what was not is not made twice.
      const args = wasOff || again ? ['--if-older', '20h'] : [];
      wasOff = false;
      if (again && wrong.size === 0) {
        expect((await machine.daily(...args)).report).toEqual({ outcome: 'skipped' });
        continue;
      }
      await year.run(day, args, wrong);
      messages += listener.told.length;
      year.checkTold(day, wrong);
    }
    await year.restoreLastGood(day, troubles.has('down') ? ['local'] : ['local', 'offsite']);
  }
  machine.setWeather('');
  machine.setLocked(false);
  await year.work(calendar.days);
  process.stdout.write(
    `${calendar.days} days: ${year.runs} runs, ${year.made.local.length} and ${year.made.offsite.length} complete backups on two targets, ` +
      `${year.checkedRestores} restored and compared, ${messages} messages, ` +
      `${machine.namesOn('local').size} and ${machine.namesOn('offsite').size} backups left\n`,
  );
  return year;
}

const isFull = process.env['QUACKUP_YEAR'] === 'full';

test(
  'a year: the last good backup always restores, retention keeps its promise, each failure is told once, and its end',
  async () => {
    await using folder = await tempFolder();
    await using listener = await listen();
    const calendar = isFull ? FULL_YEAR : SHORT_YEAR;
    const year = await live(calendar, folder.path, listener);
    // Monitors heard of every run: that it began, and how it ended.
    expect(listener.pings.filter((path) => path.endsWith('/start'))).toHaveLength(year.runs);
    expect(listener.pings).toHaveLength(2 * year.runs);
    const metrics = readFileSync(year.machine.path('q.prom'), 'utf8');
    const counted = [...metrics.matchAll(/^quackup_runs_total\{.*\} (\d+)$/gm)];
    expect(counted.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(year.runs);
    expect(year.checkedRestores).toBeGreaterThan(year.runs);
  },
  isFull ? 3_600_000 : 400_000,
);
