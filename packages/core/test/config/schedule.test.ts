import { expect, test } from 'vitest';

import { parseConfig } from '../../src/lib/config/index.ts';
import { refusalOf } from './refusal.ts';

const parse = (text: string): ReturnType<typeof parseConfig> =>
  parseConfig(text, { path: '/etc/quackup.yaml', env: {} });

test('a schedule is a time of day or a cron expression, in a time zone, with some jitter', () => {
  expect(parse('schedule: { at: "02:00" }').schedule).toEqual({ at: '02:00' });
  expect(parse('schedule: { cron: "0 2 * * 1-5", timeZone: Europe/Berlin, jitter: 10m }').schedule).toEqual({
    cron: '0 2 * * 1-5',
    timeZone: 'Europe/Berlin',
    jitterMs: 600_000,
  });
  expect(parse('').schedule).toBeUndefined();
});

test.each([
  ['schedule: {}', /`at` or `cron`/],
  ['schedule: { at: "02:00", cron: "0 2 * * *" }', /`at` or `cron`/],
  ['schedule: { at: "25:00" }', /quackup.yaml:1:17: .*02:00/],
  ['schedule: { at: "02:00", jitter: 2d }', /at most 24h/],
  ['schedule: { at: "02:00", jitter: soon }', /5m/],
  ['schedule: { at: "02:00", timezone: UTC }', /did you mean "timeZone"/],
])('%s is refused', async (text, problem) => {
  const { code, message } = await refusalOf(() => parse(text));
  expect(code).toBe('CONFIG_INVALID');
  expect(message).toMatch(problem);
});
