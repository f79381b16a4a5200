import { Cron } from 'croner';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { nextRuns, parseTiming } from '../src/index.ts';
import { onCalendar } from '../src/lib/on-calendar.ts';
import { hasProgram, runProgram } from '@quackup/fixtures';

const FROM = new Date('2026-01-15T12:34:56Z');

function field(from: number, to: number): fc.Arbitrary<string> {
  const value = fc.integer({ min: from, max: to });
  const range = fc.tuple(value, value).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
  const item = fc.oneof(
    value.map(String),
    range,
    fc.tuple(range, fc.integer({ min: 1, max: 7 })).map(([text, step]) => `${text}/${step}`),
  );
  return fc.oneof(
    fc.constant('*'),
    fc.integer({ min: 1, max: 9 }).map((step) => `*/${step}`),
    fc.array(item, { minLength: 1, maxLength: 3 }).map((items) => items.join(',')),
  );
}

describe('a timing', () => {
  test.each([
    [{ at: '02:00' }, '0 2 * * *'],
    [{ at: '9:05' }, '5 9 * * *'],
    [{ cron: '@weekly' }, '0 0 * * 0'],
    [{ cron: ' */15\t0-2  * JAN,mar mon-FRI ' }, '0,15,30,45 0,1,2 * 1,3 1,2,3,4,5'],
    [{ cron: '0 2 * * 7' }, '0 2 * * 0'],
    [{ cron: '0 2 * * 5-7' }, '0 2 * * 0,5,6'],
    [{ cron: '0 2 */1 * *' }, '0 2 * * *'],
    [{ cron: '0 2 29 2 *' }, '0 2 29 2 *'],
  ])('%j is %s', (timing, expression) => {
    expect(parseTiming(timing).expression).toBe(expression);
  });

  test.each([
    [{ at: '24:00' }, /no time of day/],
    [{ at: '2' }, /no time of day/],
    [{ cron: '' }, /five fields/],
    [{ cron: '0 0 2 * * *' }, /no more/],
    [{ cron: '60 2 * * *' }, /"60" is not from 0 to 59/],
    [{ cron: '0 2 0 * *' }, /"0" is not from 1 to 31/],
    [{ cron: '0 2 * 0 *' }, /"0" is not from 1 to 12/],
    [{ cron: '0 2 * * 8' }, /"8" is not from 0 to 7/],
    [{ cron: '0 2 L * *' }, /"L" is not/],
    [{ cron: '5/10 2 * * *' }, /step and no range/],
    [{ cron: '*/0 2 * * *' }, /no step/],
    [{ cron: '9-5 2 * * *' }, /ends before it begins/],
    [{ cron: '0 2 * * mon\n* * * * * root rm' }, /no more/],
    [{ cron: '@reboot' }, /five fields/],
    [{ cron: '0 2 */2 * mon' }, /differs from cron to cron/],
    [{ cron: '0 2 30 2 *' }, /never comes/],
    [{ at: '02:00', timeZone: 'Mars/Base' }, /no time zone/],
  ])('%j is refused', (timing, problem) => {
    expect(() => parseTiming(timing)).toThrow(problem);
    expect(() => parseTiming(timing)).toThrow(expect.objectContaining({ code: 'INVALID' }));
  });

  test('means what the library takes it for, however it is written', () => {
    const expression = fc
      .tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 7))
      .filter(
        ([, , day, , weekday]) => !(day.startsWith('*/') && weekday !== '*') && !weekday.startsWith('*/'),
      )
      .map((fields) => fields.join(' '));
    fc.assert(
      fc.property(expression, (text) => {
        const ours = nextRuns(parseTiming({ cron: text, timeZone: 'UTC' }), { from: FROM });
        const theirs = new Cron(text, { paused: true, mode: '5-part', domAndDow: false, timezone: 'UTC' });
        expect(ours).toEqual(theirs.nextRuns(5, FROM));
      }),
      { numRuns: 300 },
    );
  });

  test('on days of the month and of the week comes on either', () => {
    const runs = nextRuns(parseTiming({ cron: '0 0 13 * 5', timeZone: 'UTC' }), { from: FROM, count: 5 });
    expect(runs.map((date) => date.toISOString().slice(0, 10))).toEqual([
      '2026-01-16',
      '2026-01-23',
      '2026-01-30',
      '2026-02-06',
      '2026-02-13',
    ]);
  });

  test('that a change of clocks leaves out comes right after the gap', () => {
    const runs = nextRuns(parseTiming({ at: '02:30', timeZone: 'Europe/Berlin' }), {
      from: new Date('2026-03-28T12:00:00Z'),
      count: 2,
    });
    expect(runs.map((date) => date.toISOString())).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ]);
  });

  test('that comes twice when clocks are set back counts once', () => {
    const runs = nextRuns(parseTiming({ at: '02:30', timeZone: 'Europe/Berlin' }), {
      from: new Date('2026-10-24T12:00:00Z'),
      count: 2,
    });
    expect(runs.map((date) => date.toISOString())).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
  });
});

describe('in systemd', () => {
  test.each([
    ['0 2 * * *', '*-*-* 02:00:00'],
    ['*/15 * * * *', '*-*-* *:00,15,30,45:00'],
    ['0 2 1,15 3 *', '*-03-01,15 02:00:00'],
    ['30 4 * 1-2 sun,mon', 'Mon,Sun *-01,02-* 04:30:00'],
    ['* * * * *', '*-*-* *:*:00'],
  ])('%s is %s', (cron, expected) => {
    expect(onCalendar(parseTiming({ cron }))).toBe(expected);
  });

  test('a time of another zone names it', () => {
    expect(onCalendar(parseTiming({ at: '02:00', timeZone: 'Europe/Berlin' }))).toBe(
      '*-*-* 02:00:00 Europe/Berlin',
    );
  });

  test('days of the month or of the week cannot be said, and are refused', () => {
    expect(() => onCalendar(parseTiming({ cron: '0 2 13 * 5' }))).toThrow(
      expect.objectContaining({ code: 'NOT_EXPRESSIBLE' }),
    );
  });

  test
    .skipIf(!hasProgram('systemd-analyze'))
    .each([
      '0 2 * * *',
      '*/7 1-3 * * *',
      '0 0 29 2 *',
      '15 3 31 * *',
      '30 4 * 1-2 sun,mon',
      '59 23 28-31 12,2 *',
      '0 12 * * 6',
    ])('%s comes when systemd itself says it does (needs systemd-analyze)', (cron) => {
    const calendar = parseTiming({ cron, timeZone: 'UTC' });
    const { stdout, stderr } = runProgram(
      'systemd-analyze',
      ['calendar', '--base-time=2026-01-15 12:34:56', '--iterations=5', onCalendar(calendar)],
      { env: { TZ: 'UTC' } },
    );
    expect(stderr).toBe('');
    const theirs = [...stdout.matchAll(/(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC/g)].map(
      ([, date, time]) => `${date}T${time}.000Z`,
    );
    const ours = nextRuns(calendar, { from: FROM }).map((date) => date.toISOString());
    expect(theirs).toEqual(ours);
  });
});
