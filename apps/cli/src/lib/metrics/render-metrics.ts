import type { RunHistory, RunRecord } from '../history/run-history.ts';
import { formatExposition, type MetricFamily, type Sample } from './exposition.ts';

export interface MetricsOptions {
  readonly version: string;
  /**
   * When somebody asks, for ages. Absent in a file: an age in it would be wrong a minute later; `time()` minus a time is not.
   */
  readonly now?: Date;
}

/** What is known of the runs of a configuration, as Prometheus text. Holds names of databases, targets and channels, and no secret. */
export function renderMetrics(history: RunHistory, { version, now }: MetricsOptions): string {
  const { runs, lastSuccessAt, notifierFailures, last } = history;
  return formatExposition([
    gauge('quackup_build_info', 'The version that wrote this.', [{ labels: { version }, value: 1 }]),
    counter(
      'quackup_runs_total',
      'Runs of daily, by how they ended.',
      Object.entries(runs).map(([outcome, value]) => ({ labels: { outcome }, value })),
    ),
    gauge(
      'quackup_last_success_timestamp_seconds',
      'When the last run that did not fail ended.',
      seconds(lastSuccessAt),
    ),
    gauge(
      'quackup_last_success_age_seconds',
      'How long ago that was.',
      now === undefined || lastSuccessAt === null
        ? []
        : [{ value: Math.max(0, (now.getTime() - Date.parse(lastSuccessAt)) / 1000) }],
    ),
    counter(
      'quackup_notifier_failures_total',
      'Messages that a channel did not take.',
      Object.entries(notifierFailures).map(([channel, value]) => ({ labels: { channel }, value })),
    ),
    ...(last === null ? [] : runFamilies(last)),
    ...(last === null ? [] : partFamilies(last)),
  ]);
}

/** Of the last run as a whole. */
function runFamilies(run: RunRecord): MetricFamily[] {
  const bySeverity = (severity: string): number =>
    run.problems.filter((problem) => problem.severity === severity).length;
  return [
    gauge('quackup_run_timestamp_seconds', 'When the last run began.', seconds(run.startedAt)),
    gauge('quackup_run_duration_seconds', 'How long it took.', [{ value: run.durationMs / 1000 }]),
    gauge(
      'quackup_run_outcome',
      '1 for how it ended, 0 for the others.',
      (['success', 'warning', 'failure'] as const).map((outcome) => ({
        labels: { outcome },
        value: outcome === run.outcome ? 1 : 0,
      })),
    ),
    gauge(
      'quackup_run_problems',
      'What went wrong in it.',
      ['failure', 'warning'].map((severity) => ({ labels: { severity }, value: bySeverity(severity) })),
    ),
    gauge('quackup_backup_read_bytes', 'Size of the databases that it read.', [{ value: run.readBytes }]),
    gauge('quackup_backup_stored_bytes', 'Length of the archive that it wrote.', [
      { value: run.storedBytes },
    ]),
    gauge('quackup_backup_reused_bytes', 'What it found in earlier archives, before compression.', [
      { value: run.reusedBytes },
    ]),
  ];
}

/** Of each database and target. */
function partFamilies({ databases, targets, verified }: RunRecord): MetricFamily[] {
  const perTarget = (of: (target: RunRecord['targets'][number]) => number | undefined): Sample[] =>
    targets.flatMap((target) => {
      const value = of(target);
      return value === undefined ? [] : [{ labels: { target: target.name }, value }];
    });
  const perVerification = (of: (each: RunRecord['verified'][number]) => number): Sample[] =>
    verified.map((each) => ({ labels: { target: each.target, level: each.level }, value: of(each) }));
  return [
    gauge('quackup_databases', 'Databases of the last run, by state.', byState(databases)),
    gauge(
      'quackup_database_ok',
      '1 if the last run backed the database up.',
      databases.map(({ name, ok }) => ({ labels: { database: name }, value: ok ? 1 : 0 })),
    ),
    gauge('quackup_targets', 'Targets of the last run, by state.', byState(targets)),
    gauge(
      'quackup_target_ok',
      '1 if all went well on the target.',
      perTarget(({ ok }) => (ok ? 1 : 0)),
    ),
    gauge(
      'quackup_target_last_good_timestamp_seconds',
      'When the newest complete backup on the target was made, as last seen.',
      perTarget(({ lastGoodAt }) => toSeconds(lastGoodAt)),
    ),
    gauge(
      'quackup_target_backups',
      'Backups on the target, as last seen.',
      perTarget(({ backups }) => backups),
    ),
    gauge(
      'quackup_target_stored_bytes',
      'Length of their archives.',
      perTarget(({ storedBytes }) => storedBytes),
    ),
    gauge(
      'quackup_target_last_scan_timestamp_seconds',
      'When a backup on the target last passed a scan.',
      perTarget(({ scannedAt }) => toSeconds(scannedAt)),
    ),
    gauge(
      'quackup_verify_ok',
      '1 if what the last run wrote passed.',
      perVerification(({ ok }) => (ok ? 1 : 0)),
    ),
    gauge(
      'quackup_verify_problems',
      'What was found in it.',
      perVerification(({ problems }) => problems),
    ),
    gauge(
      'quackup_verify_duration_seconds',
      'How long that took.',
      perVerification(({ durationMs }) => durationMs / 1000),
    ),
  ];
}

function byState(parts: readonly { readonly ok: boolean }[]): Sample[] {
  const ok = parts.filter((part) => part.ok).length;
  return [
    { labels: { state: 'ok' }, value: ok },
    { labels: { state: 'failed' }, value: parts.length - ok },
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, help, type: 'gauge', samples };
}

function counter(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, help, type: 'counter', samples };
}

function seconds(iso: string | null): Sample[] {
  const value = toSeconds(iso);
  return value === undefined ? [] : [{ value }];
}

function toSeconds(iso: string | null): number | undefined {
  return iso === null ? undefined : Date.parse(iso) / 1000;
}
