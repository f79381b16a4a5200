import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { isDue, nextRuns, parseTiming } from '../src/index.ts';

const BERLIN = parseTiming({ at: '02:30', timeZone: 'Europe/Berlin' });
const at = (text: string): Date => new Date(text);

describe('a run', () => {
  test.each([
    ['before its time is not due', '2026-01-15T01:30:01Z', '2026-01-16T01:29:59Z', false],
    ['at its time is due', '2026-01-15T01:30:01Z', '2026-01-16T01:30:00Z', true],
    ['that was missed for weeks is due', '2026-01-15T01:30:01Z', '2026-03-01T12:00:00Z', true],
    ['that was made up for is not due again', '2026-03-01T12:00:00Z', '2026-03-01T13:00:00Z', false],
    ['by hand before its time does not count', '2026-01-16T01:00:00Z', '2026-01-16T01:30:00Z', true],
    [
      'that a change of clocks leaves out is due after the gap',
      '2026-03-28T12:00:00Z',
      '2026-03-29T01:00:00Z',
      true,
    ],
    ['is not due twice when clocks are set back', '2026-10-25T00:30:01Z', '2026-10-25T01:30:00Z', false],
    [
      'is not due again after a clock was set back a little',
      '2026-01-15T01:30:01Z',
      '2026-01-15T01:00:00Z',
      false,
    ],
  ])('%s', (_name, last, now, expected) => {
    expect(isDue(BERLIN, at(last), at(now))).toBe(expected);
  });

  test.each([
    ['there was none', undefined],
    ['the last one lies ahead', at('2030-01-01T00:00:00Z')],
  ])('may be due if %s', (_name, last) => {
    expect(isDue(BERLIN, last, at('2026-01-15T12:00:00Z'))).toBe('unknown');
  });

  test('is due exactly once for each time, however often somebody looks', () => {
    const hour = 3_600_000;
    fc.assert(
      fc.property(
        fc.constantFrom('30 2 * * *', '0 */6 * * *', '15 1 * * 1', '0 0 1 * *'),
        fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe'),
        fc.integer({ min: 0, max: 365 * 24 }).map((hours) => new Date(Date.UTC(2026, 0, 1) + hours * hour)),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 40 }),
        (cron, timeZone, start, gaps) => {
          const calendar = parseTiming({ cron, timeZone });
          let last = start;
          let now = start;
          for (const gap of gaps) {
            const before = now;
            now = new Date(now.getTime() + gap * hour);
            const came = nextRuns(calendar, { count: 1, from: before }).some((time) => time <= now);
            expect(isDue(calendar, last, now)).toBe(came);
            if (came) last = now;
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
