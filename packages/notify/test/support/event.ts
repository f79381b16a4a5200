import type { NotificationEvent } from '../../src/index.ts';

/** A run that failed in part; `change` says what is different. */
export function event(change: Partial<NotificationEvent> = {}): NotificationEvent {
  return {
    kind: 'failure',
    title: 'nightly backup',
    host: 'db1',
    runId: '5e1c0e0a-9a77-4c55-8f0e-0d3b6a1f2c3d',
    startedAt: '2026-11-24T02:00:00.000Z',
    durationMs: 83_000,
    databases: [
      { name: 'trades.duckdb', status: 'ok' },
      { name: 'ticks.duckdb', status: 'failed' },
    ],
    targets: [{ name: 'nas', status: 'ok' }],
    problems: [
      {
        code: 'DATABASE_NOT_FOUND',
        subject: 'ticks.duckdb',
        message: 'there is no /data/ticks.duckdb',
        hint: 'correct the path',
      },
    ],
    lastGood: [{ backup: 'backup_20261123_020000', ageMs: 26 * 3_600_000 }],
    readBytes: 1_234_000_000,
    storedBytes: 56_700_000,
    ...change,
  };
}
