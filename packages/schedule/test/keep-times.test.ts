import { describe, expect, test } from 'vitest';

import { keepTimes, type KeepTimesOptions, parseTiming, type Timing } from '../src/index.ts';
import { FakeTimer } from './support/fake-timer.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** When runs began. */
async function begun(
  timer: FakeTimer,
  timing: Timing,
  change: Partial<KeepTimesOptions> & {
    readonly jitterMs?: number;
    readonly work?: (index: number) => void;
  } = {},
): Promise<string[]> {
  const times: string[] = [];
  const kept = { calendar: parseTiming(timing), jitterMs: change.jitterMs ?? 0 };
  await keepTimes({
    schedule: () => kept,
    wasMissed: async () => false,
    timer,
    random: () => 0.5,
    signal: timer.signal,
    run: async () => {
      times.push(timer.now().toISOString());
      change.work?.(times.length);
    },
    ...change,
  });
  return times;
}

const NIGHTLY: Timing = { at: '02:00', timeZone: 'UTC' };

describe('a schedule', () => {
  test('is kept to the second, day by day', async () => {
    const timer = new FakeTimer('2026-01-01T12:00:10Z', '2026-01-04T12:00:00Z');
    expect(await begun(timer, NIGHTLY)).toEqual([
      '2026-01-02T02:00:00.000Z',
      '2026-01-03T02:00:00.000Z',
      '2026-01-04T02:00:00.000Z',
    ]);
  });

  test('is kept through changes of clocks', async () => {
    const berlin = { at: '02:30', timeZone: 'Europe/Berlin' };
    expect(await begun(new FakeTimer('2026-03-28T12:00:00Z', '2026-03-30T12:00:00Z'), berlin)).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ]);
    expect(await begun(new FakeTimer('2026-10-24T12:00:00Z', '2026-10-26T12:00:00Z'), berlin)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
  });

  test('begins a run later by some jitter', async () => {
    const timer = new FakeTimer('2026-01-01T12:00:00Z', '2026-01-02T12:00:00Z');
    const told: (string | undefined)[] = [];
    const onNext = (next: Date | undefined): unknown => told.push(next?.toISOString().slice(11, 16));
    expect(await begun(timer, NIGHTLY, { jitterMs: 10 * MINUTE, onNext })).toEqual([
      '2026-01-02T02:05:00.000Z',
    ]);
    expect(told).toEqual(['02:00', '02:05', '02:00']);
  });

  test('makes up at the start for what was missed before', async () => {
    const timer = new FakeTimer('2026-01-01T12:00:00Z', '2026-01-02T12:00:00Z');
    expect(await begun(timer, NIGHTLY, { wasMissed: async () => true })).toEqual([
      '2026-01-01T12:00:00.000Z',
      '2026-01-02T02:00:00.000Z',
    ]);
  });

  test('makes one run for all that were missed while the machine slept', async () => {
    const timer = new FakeTimer('2026-01-01T12:00:00Z', '2026-01-09T12:00:00Z');
    const times = await begun(timer, NIGHTLY, {
      work: (index) => {
        if (index === 1) timer.pass(5 * 24 * HOUR);
      },
    });
    expect(times).toEqual([
      '2026-01-02T02:00:00.000Z',
      '2026-01-07T02:00:00.000Z',
      '2026-01-08T02:00:00.000Z',
      '2026-01-09T02:00:00.000Z',
    ]);
  });

  test('makes one run for all times that come while one works', async () => {
    const timer = new FakeTimer('2026-01-01T00:30:00Z', '2026-01-01T07:00:00Z');
    const hourly = { cron: '0 * * * *', timeZone: 'UTC' };
    const times = await begun(timer, hourly, {
      work: (index) => {
        if (index === 1) timer.pass(3.5 * HOUR);
      },
    });
    expect(times.map((time) => time.slice(11, 16))).toEqual(['01:00', '04:30', '05:00', '06:00']);
  });

  test('goes on when the clock is set back, a little without a run twice, a lot without waiting for the old time', async () => {
    const little = new FakeTimer('2026-01-01T12:00:00Z', '2026-01-03T12:00:00Z');
    const times = await begun(little, NIGHTLY, {
      work: (index) => {
        if (index === 1) little.set('2026-01-02T01:30:00Z');
      },
    });
    expect(times).toEqual(['2026-01-02T02:00:00.000Z', '2026-01-03T02:00:00.000Z']);

    const lot = new FakeTimer('2030-01-01T12:00:00Z', '2030-01-02T12:00:00Z');
    const back = await begun(lot, NIGHTLY, {
      work: (index) => {
        if (index === 1) lot.set('2026-01-01T12:00:00Z');
        if (index === 3) lot.stop();
      },
    });
    expect(back).toEqual([
      '2030-01-02T02:00:00.000Z',
      '2026-01-02T02:00:00.000Z',
      '2026-01-03T02:00:00.000Z',
    ]);
  });

  test('that changes counts from then on', async () => {
    const timer = new FakeTimer('2026-01-01T12:00:00Z', '2026-01-02T12:00:00Z');
    const before = { calendar: parseTiming(NIGHTLY), jitterMs: 0 };
    const after = { calendar: parseTiming({ at: '11:00', timeZone: 'UTC' }), jitterMs: 0 };
    const told: (string | undefined)[] = [];
    const times = await begun(timer, NIGHTLY, {
      schedule: () => (timer.now() < new Date('2026-01-01T15:00:00Z') ? before : after),
      onNext: (next) => told.push(next?.toISOString()),
    });
    // Not at once for 11:00 of the day that is past.
    expect(times).toEqual(['2026-01-02T11:00:00.000Z']);
    expect(told).toEqual([
      '2026-01-02T02:00:00.000Z',
      '2026-01-02T11:00:00.000Z',
      '2026-01-03T11:00:00.000Z',
    ]);
  });

  test('ends when it is told to, also while it waits to begin a run', async () => {
    const timer = new FakeTimer('2026-01-01T12:00:00Z', '2026-01-02T02:03:00Z');
    expect(await begun(timer, NIGHTLY, { jitterMs: 10 * MINUTE })).toEqual([]);
  });
});
