import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { NO_HISTORY, type RunHistory, type RunRecord } from '../../src/lib/history/run-history.ts';
import { formatExposition } from '../../src/lib/metrics/exposition.ts';
import { renderMetrics } from '../../src/lib/metrics/render-metrics.ts';
import { parseExposition } from './strict-exposition.ts';

const RUN: RunRecord = {
  runId: 'r',
  startedAt: '2026-01-02T02:00:00.000Z',
  durationMs: 1500,
  outcome: 'failure',
  backup: 'backup_20260102_020000',
  kind: 'incremental',
  readBytes: 1000,
  storedBytes: 100,
  reusedBytes: 800,
  databases: [
    { name: 'a.duckdb', ok: true },
    { name: 'b "quoted"\\\n.duckdb', ok: false },
  ],
  targets: [
    {
      name: 'local',
      ok: true,
      lastGood: 'backup_20260102_020000',
      lastGoodAt: '2026-01-02T02:00:00.000Z',
      backups: 2,
      storedBytes: 300,
      scannedAt: null,
    },
    {
      name: 'offsite',
      ok: false,
      lastGood: null,
      lastGoodAt: null,
      backups: 0,
      storedBytes: 0,
      scannedAt: null,
    },
  ],
  verified: [{ target: 'local', level: 'blocks', ok: true, problems: 0, durationMs: 20 }],
  problems: [{ severity: 'failure', subject: 'target offsite', code: 'TARGET_FAILED', message: 'down' }],
};

const HISTORY: RunHistory = {
  version: 1,
  runs: { success: 3, warning: 0, failure: 1 },
  lastSuccessAt: '2026-01-01T02:00:01.500Z',
  notifierFailures: { mail: 2 },
  last: RUN,
};

const valueOf = (text: string, name: string, labels: Record<string, string> = {}): number | undefined =>
  parseExposition(text).find(
    (series) => series.name === name && JSON.stringify(series.labels) === JSON.stringify(labels),
  )?.value;

test('what is known of the runs is in the metrics, under names that a monitor can keep', () => {
  const text = renderMetrics(HISTORY, { version: '1.2.3', now: new Date('2026-01-02T02:00:01.500Z') });
  expect(valueOf(text, 'quackup_build_info', { version: '1.2.3' })).toBe(1);
  expect(valueOf(text, 'quackup_runs_total', { outcome: 'success' })).toBe(3);
  expect(valueOf(text, 'quackup_last_success_timestamp_seconds')).toBe(
    Date.UTC(2026, 0, 1, 2, 0, 1, 500) / 1000,
  );
  expect(valueOf(text, 'quackup_last_success_age_seconds')).toBe(86_400);
  expect(valueOf(text, 'quackup_run_duration_seconds')).toBe(1.5);
  expect(valueOf(text, 'quackup_run_outcome', { outcome: 'failure' })).toBe(1);
  expect(valueOf(text, 'quackup_run_outcome', { outcome: 'success' })).toBe(0);
  expect(valueOf(text, 'quackup_backup_read_bytes')).toBe(1000);
  expect(valueOf(text, 'quackup_backup_stored_bytes')).toBe(100);
  expect(valueOf(text, 'quackup_backup_reused_bytes')).toBe(800);
  expect(valueOf(text, 'quackup_verify_ok', { target: 'local', level: 'blocks' })).toBe(1);
  expect(valueOf(text, 'quackup_databases', { state: 'failed' })).toBe(1);
  expect(valueOf(text, 'quackup_database_ok', { database: 'b "quoted"\\\n.duckdb' })).toBe(0);
  expect(valueOf(text, 'quackup_target_ok', { target: 'offsite' })).toBe(0);
  expect(valueOf(text, 'quackup_target_last_good_timestamp_seconds', { target: 'offsite' })).toBeUndefined();
  expect(valueOf(text, 'quackup_notifier_failures_total', { channel: 'mail' })).toBe(2);
});

test('a file holds no age, and a machine that never ran says so', () => {
  expect(renderMetrics(HISTORY, { version: '1' })).not.toContain('age_seconds');
  const series = parseExposition(renderMetrics(NO_HISTORY, { version: '1', now: new Date() }));
  expect(series.map(({ name }) => name)).toEqual([
    'quackup_build_info',
    'quackup_runs_total',
    'quackup_runs_total',
    'quackup_runs_total',
  ]);
});

test('any text and any number survive the format', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.double())), (pairs) => {
      const samples = [...new Map(pairs)].map(([label, value]) => ({ labels: { label }, value }));
      const text = formatExposition([
        { name: 'x', help: 'h', type: 'gauge', samples },
        { name: 'y', help: 'two\nlines \\', type: 'gauge', samples: [{ value: 1 }] },
      ]);
      const found = parseExposition(text);
      expect(found.slice(0, -1)).toEqual(
        samples.map(({ labels, value }) => ({ name: 'x', labels, value: value === 0 ? 0 : value })),
      );
    }),
  );
});

test.each([
  ['no line feed at the end', '# HELP a h\n# TYPE a gauge\na 1'],
  ['a sample without a family', 'a 1\n'],
  ['a series twice', '# HELP a h\n# TYPE a gauge\na 1\na 2\n'],
  ['a raw quote', '# HELP a h\n# TYPE a gauge\na{b="c"d"} 1\n'],
  ['a family in pieces', '# HELP a h\n# TYPE a gauge\na 1\n# HELP a h\n# TYPE a gauge\na{b="c"} 1\n'],
  ['a counter by another name', '# HELP a h\n# TYPE a counter\na 1\n'],
  ['a number that is none', '# HELP a h\n# TYPE a gauge\na 1,5\n'],
])('the reader of these tests refuses %s', (_what, text) => {
  expect(() => parseExposition(text)).toThrow();
});
