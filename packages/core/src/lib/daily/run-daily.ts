/**
 * What a scheduler runs: a backup, a look at what was just written, and a cleanup where all of that went well.
 *
 *     backup -> for each target that has it: verify -> cleanup
 *
 * A target that fails, or holds damage, is reported and does not stop the others. Nothing is removed on a target unless the
 * backup of this run is on it, holds every database, and has passed.
 */
import { findAlarms } from '../alarms/find-alarms.ts';
import type { BackupReport, BackupSummary, FailureReport, NamedTarget, VerifyReport } from '../api.ts';
import { systemClock } from '../clock.ts';
import { createBackup } from '../backup/create-backup.ts';
import { cleanupBackups } from '../cleanup/cleanup-backups.ts';
import { failureReport } from '../failure-report.ts';
import { listBackups } from '../list/list-backups.ts';
import { storedBytesOf } from '../list/stored-bytes.ts';
import { isComplete } from '../retention/index.ts';
import { verifyBackup } from '../verify/verify-backup.ts';
import type { DailyOptions, DailyProblem, DailyReport } from './api.ts';

/** Once a week one backup on each target is restored to a scratch folder and read by DuckDB, milliseconds. */
export const DEFAULT_SCAN_EVERY_MS: number = 7 * 86_400_000;

/** A scan that is due in less than this is made now: runs do not start to the second. */
const SLACK_MS = 3_600_000;

/**
 * Makes a backup, verifies it and cleans up.
 *
 * @returns what happened. Failures are in the report; only an abort is thrown, as its reason.
 */
export async function runDaily(options: DailyOptions): Promise<DailyReport> {
  const run = new DailyRun(options);
  await run.backUp();
  for (const target of options.targets) await run.verifyAndCleanUp(target);
  return run.report();
}

class DailyRun {
  readonly #options: DailyOptions;
  readonly #startedAt: Date;
  readonly #startedMs = performance.now();
  readonly #problems: DailyProblem[] = [];
  readonly #verified: DailyReport['verified'][number][] = [];
  readonly #cleanups: DailyReport['cleanups'][number][] = [];
  readonly #lastGood: DailyReport['lastGood'][number][] = [];
  readonly #deferred: DailyReport['deferred'][number][] = [];
  #backup: BackupReport | undefined;
  #compared = false;

  constructor(options: DailyOptions) {
    this.#options = options;
    this.#startedAt = (options.clock ?? systemClock).now();
  }

  async backUp(): Promise<void> {
    const made = await this.#attempt('backup', () => createBackup(this.#options));
    if (made === undefined) return;
    this.#backup = made;
    for (const { name, error, warnings = [] } of made.databases) {
      if (error !== undefined) this.#fail(`database ${name}`, error);
      for (const message of warnings) this.#warn(`database ${name}`, { code: 'WARNING', message });
    }
    for (const { name, error } of made.targets) if (error !== undefined) this.#fail(`target ${name}`, error);
  }

  async verifyAndCleanUp(target: NamedTarget): Promise<void> {
    const { name, access = 'full' } = target;
    if (access === 'write-only') {
      this.#defer(target, 'verification', 'cleanup');
      const made = this.#completeOn(name);
      if (made === undefined) return;
      const { backup, createdAt, archiveBytes: storedBytes } = made;
      this.#lastGood.push({ target: name, backup, createdAt, backups: 1, storedBytes, scannedAt: null });
      return;
    }
    const isGood = await this.#isGoodOn(target);
    if (access !== 'full') this.#defer(target, 'cleanup');
    else if (isGood) await this.#cleanUp(target);
    const listed = await this.#attempt(`target ${name}`, () => this.#list(target));
    if (listed === undefined) return;
    const good = listed.find(isComplete);
    this.#lastGood.push({
      target: name,
      backup: good?.name ?? null,
      createdAt: good?.createdAt ?? null,
      backups: listed.length,
      storedBytes: storedBytesOf(listed),
      scannedAt: lastScan(listed),
    });
  }

  report(): DailyReport {
    const severities = new Set(this.#problems.map(({ severity }) => severity));
    return {
      outcome: severities.has('failure') ? 'failure' : severities.has('warning') ? 'warning' : 'success',
      startedAt: this.#startedAt.toISOString(),
      durationMs: Math.round(performance.now() - this.#startedMs),
      ...(this.#backup !== undefined && { backup: this.#backup }),
      verified: this.#verified,
      cleanups: this.#cleanups,
      problems: this.#problems,
      deferred: this.#deferred,
      lastGood: this.#lastGood,
    };
  }

  /** Whether what is made here cannot be read here. */
  get #isLocked(): boolean {
    return this.#options.encryption !== undefined && this.#options.keys === undefined;
  }

  /** This run's backup, if it is on a target with all databases. */
  #completeOn(target: string): BackupReport | undefined {
    const backup = this.#backup;
    const isThere = backup?.targets.some(({ name, status }) => name === target && status === 'ok') === true;
    return isThere && backup.databases.every(({ status }) => status === 'ok') ? backup : undefined;
  }

  #defer({ name, access }: NamedTarget, ...steps: readonly DailyReport['deferred'][number]['what'][]): void {
    this.#deferred.push(...steps.map((what) => ({ target: name, what })));
    const text = `on ${name}, which is ${access}, there is no ${steps.join(' and no ')} from here`;
    this.#options.onProgress?.({ type: 'message', level: 'info', text });
  }

  /** Whether this run's backup is on a target, with all databases, and passes. */
  async #isGoodOn(target: NamedTarget): Promise<boolean> {
    const backup = this.#backup;
    const { name } = target;
    if (backup?.targets.some((entry) => entry.name === name && entry.status === 'ok') !== true) return false;
    const { verifyLevel = 'blocks', signal, onProgress, clock, tempDir, keys } = this.#options;
    const report = await this.#attempt(`verification on ${name}`, async () => {
      const level = this.#isLocked ? 'archive' : (await this.#isScanDue(target)) ? 'scan' : verifyLevel;
      return verifyBackup(target, backup.backup, {
        level,
        ...(keys && { keys }),
        ...(signal && { signal }),
        ...(onProgress && { onProgress }),
        ...(clock && { clock }),
        ...(tempDir !== undefined && { tempDir }),
      });
    });
    if (report === undefined) return false;
    this.#verified.push({ target: name, report });
    const [problem] = report.problems;
    if (problem !== undefined) {
      const more = report.problems.length > 1 ? `, and ${report.problems.length - 1} more` : '';
      this.#fail(`verification on ${name}`, {
        code: problem.code,
        message: `${backup.backup} is damaged: ${problem.message}${more}; nothing was removed there`,
        hint: `quackup verify ${backup.backup} --target ${name} shows all; the next backup is a full one, which builds on nothing that is there: make it now, and look for the cause`,
      });
    }
    if (report.ok) await this.#raiseAlarms(target, backup, report);
    return report.ok && backup.databases.every(({ status }) => status === 'ok');
  }

  /** Once: what a scan counts is the same on every target. */
  async #raiseAlarms(
    target: NamedTarget,
    { backup, createdAt }: BackupReport,
    { databases }: VerifyReport,
  ): Promise<void> {
    const { alarms: thresholds, signal } = this.#options;
    if (thresholds === undefined || databases === undefined || this.#compared) return;
    this.#compared = true;
    try {
      const listed = await this.#list(target);
      const now = { backup, createdAt: new Date(createdAt), databases };
      for (const { subject, message } of await findAlarms(target, now, { listed, thresholds, signal })) {
        this.#problems.push({
          severity: 'warning',
          momentary: true,
          subject,
          code: 'DATA_ALARM',
          message,
          hint: 'if it was not meant, restore the backup that is named with --restore-dir; see alarms in the configuration',
        });
      }
    } catch (error) {
      signal?.throwIfAborted();
      this.#warn(`alarms on ${target.name}`, failureReport(error));
    }
  }

  async #isScanDue(target: NamedTarget): Promise<boolean> {
    const { scanEveryMs = DEFAULT_SCAN_EVERY_MS } = this.#options;
    const last = lastScan(await this.#list(target));
    if (last === null) return true;
    const ageMs = this.#startedAt.getTime() - Date.parse(last);
    // A scan of the future says nothing of when the last one was.
    return ageMs < -SLACK_MS || ageMs >= scanEveryMs - Math.min(SLACK_MS, scanEveryMs / 10);
  }

  async #cleanUp(target: NamedTarget): Promise<void> {
    const { policy, signal, clock } = this.#options;
    const subject = `cleanup on ${target.name}`;
    try {
      const report = await cleanupBackups(target, {
        policy,
        ...(signal && { signal }),
        ...(clock && { clock }),
      });
      this.#cleanups.push({ target: target.name, report });
    } catch (error) {
      signal?.throwIfAborted();
      const failure = failureReport(error);
      // Somebody else works there; the next run removes what is to be removed.
      if (failure.code === 'LEASE_HELD') this.#warn(subject, failure);
      else this.#fail(subject, failure);
    }
  }

  #list(target: NamedTarget): Promise<BackupSummary[]> {
    const { signal } = this.#options;
    return listBackups(target, signal === undefined ? {} : { signal });
  }

  async #attempt<Result>(subject: string, work: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      this.#fail(subject, failureReport(error));
      return undefined;
    }
  }

  #fail(subject: string, failure: FailureReport): void {
    // A target that has failed once in this run is not news the second time.
    const known = this.#problems.some(
      (problem) => problem.severity === 'failure' && problem.subject === subject,
    );
    if (!known) this.#problems.push({ severity: 'failure', subject, ...failure });
  }

  #warn(subject: string, failure: FailureReport): void {
    this.#problems.push({ severity: 'warning', subject, ...failure });
  }
}

/** When the newest scan passed, ISO 8601, UTC. */
function lastScan(listed: readonly BackupSummary[]): string | null {
  const times = listed.flatMap(({ verified }) => (verified?.level === 'scan' ? [verified.at] : []));
  return times.toSorted((a, b) => Date.parse(a) - Date.parse(b)).at(-1) ?? null;
}
