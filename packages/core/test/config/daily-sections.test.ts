import { describe, expect, test } from 'vitest';

import { parseConfig } from '../../src/lib/config/index.ts';
import type { Config } from '../../src/lib/config/index.ts';

const parse = (text: string): Config => parseConfig(text, { path: '/srv/quackup.yaml', env: {} });

test('what the configuration does not speak of is off', () => {
  expect(parse('')).toMatchObject({ metrics: {}, alarms: {}, hooks: { timeoutMs: 60_000, passEnv: [] } });
  expect(parse('').notifications.size).toBe(0);
});

test('paths are relative to the file, and times are milliseconds', () => {
  const { metrics, hooks, alarms, notifications } = parse(`
metrics: { file: prom/q.prom }
hooks: { before: [./pause.sh, --soft], timeout: 5m }
alarms: { tableVanished: true, tableShrankPercent: 20, notGrownFor: 3d }
notifications:
  chat: { type: webhook, url: { file: url }, on: [failure] }
`);
  expect(metrics).toEqual({ file: '/srv/prom/q.prom' });
  expect(hooks).toEqual({ before: ['./pause.sh', '--soft'], timeoutMs: 300_000, passEnv: [] });
  expect(alarms).toEqual({ tableVanished: true, tableShrankPercent: 20, notGrownForMs: 3 * 86_400_000 });
  expect([...notifications]).toEqual([['chat', { type: 'webhook', url: { file: 'url' }, on: ['failure'] }]]);
});

describe('refused, with the place', () => {
  test.each([
    ['metrics: { file: metrics.txt }', /1:\d+: .*"\.prom"/],
    ['alarms: { tableShrankPercent: 120 }', /1:\d+: .*tableShrankPercent/],
    ['alarms: { notGrownFor: soon }', /expected a duration/],
    ['alarms: { tableGone: true }', /unknown key "alarms\.tableGone"/],
    [
      'encryption: { recipients: [age1x] }\nalarms: { tableVanished: true }',
      /2:\d+: .*cannot be used with "encryption"/,
    ],
    ['hooks: { before: rm -rf / }', /"hooks\.before"/],
    ['hooks: { after: [] }', /"hooks\.after"/],
    ['notifications: { chat: { type: pigeon } }', /"notifications\.chat\.type"/],
    ['notifications: { "a b": { type: webhook } }', /a name is letters/],
    ['notifications: { chat: { type: webhook, on: [full-moon] } }', /notifications\.chat\.on/],
  ])('%s', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});
