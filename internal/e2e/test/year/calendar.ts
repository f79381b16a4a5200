/** What happens on which day of a simulated year, and when its runs are. */

/**
 * `down`, `full`: the target offsite. `locked`: one of the databases cannot be read. `deaf`: whoever is to be told does not
 * listen. `off`: the machine. `set-back`: its clock, by 40 days.
 */
export type Trouble = 'down' | 'full' | 'locked' | 'deaf' | 'off' | 'set-back';

export interface Calendar {
  /** Midnight of the first day, UTC. */
  readonly begin: Date;
  readonly days: number;
  /** First and last day of each trouble, from 0. */
  readonly troubles: readonly (readonly [Trouble, number, number])[];
}

/** All of 2026. */
export const FULL_YEAR: Calendar = {
  begin: new Date('2026-01-01T00:00:00Z'),
  days: 365,
  troubles: [
    ['down', 20, 26],
    ['full', 50, 52],
    ['locked', 70, 73],
    ['off', 95, 101],
    ['set-back', 120, 122],
    ['down', 150, 157],
    ['locked', 153, 160],
    ['deaf', 200, 203],
    ['locked', 201, 205],
    ['deaf', 220, 222],
    ['down', 218, 221],
    ['full', 260, 260],
    ['off', 280, 281],
    ['set-back', 300, 300],
    ['down', 363, 363],
  ],
};

/** Everything that happens in the year, close together; the clocks of Europe change on the 29th of March, its day 24. */
export const SHORT_YEAR: Calendar = {
  begin: new Date('2026-03-05T00:00:00Z'),
  days: 31,
  troubles: [
    ['down', 2, 8],
    ['full', 10, 10],
    ['locked', 12, 13],
    ['off', 15, 17],
    ['set-back', 19, 19],
    ['down', 21, 23],
    ['locked', 22, 25],
    ['deaf', 27, 28],
    ['locked', 28, 29],
  ],
};

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const SET_BACK_MS = 40 * DAY_MS;

export function troublesOf({ troubles }: Calendar, day: number): ReadonlySet<Trouble> {
  return new Set(troubles.filter(([, from, to]) => day >= from && day <= to).map(([trouble]) => trouble));
}

/** Whether the clocks of Central Europe show summer time at 02:30 of a day. */
function isSummer(midnight: number): boolean {
  const year = new Date(midnight).getUTCFullYear();
  return midnight > lastSunday(year, 2) && midnight <= lastSunday(year, 9);
}

/** Midnight of the last Sunday of a month (from 0), UTC. */
function lastSunday(year: number, month: number): number {
  const last = new Date(Date.UTC(year, month + 1, 0));
  return last.getTime() - last.getUTCDay() * DAY_MS;
}

/**
 * When a daily run at 02:30 in Berlin begins, as the machine's clock has it: 01:30 UTC, 00:30 in summer. In the night to summer
 * time there is no 02:30, and the run is an hour later by the sun; in the night back there are two.
 */
export function runsOf(calendar: Calendar, day: number): { readonly at: Date; readonly again: boolean }[] {
  const midnight = calendar.begin.getTime() + day * DAY_MS;
  const year = new Date(midnight).getUTCFullYear();
  const offset = troublesOf(calendar, day).has('set-back') ? -SET_BACK_MS : 0;
  const first = {
    at: new Date(midnight + (isSummer(midnight) ? 0.5 : 1.5) * HOUR_MS + offset),
    again: false,
  };
  if (midnight !== lastSunday(year, 9)) return [first];
  return [first, { at: new Date(midnight + 1.5 * HOUR_MS + offset), again: true }];
}
