import { resolve } from 'node:path';

import { expect, test } from 'vitest';

import { parseConfig } from '../../src/lib/config/index.ts';
import { parseRate } from '../../src/lib/config/parse-rate.ts';
import { refusalOf } from './refusal.ts';

const FILE = resolve('/etc/quackup/quackup.yaml');

test('the limits of a target are its own and no option of its type', () => {
  const { targets } = parseConfig(
    `targets:
  offsite:
    type: acme
    url: here
    limits:
      { maxUploadRate: 10MB/s, stallTimeout: 10m, requestTimeout: 30s, attempts: 2, retryBudget: 0, concurrency: 3 }
  local: { type: local, path: ./backups }
`,
    { path: FILE, env: {} },
  );
  expect(targets.get('offsite')).toEqual({
    type: 'acme',
    access: 'full',
    options: { url: 'here' },
    limits: {
      maxUploadRate: 10_000_000,
      stallMs: 600_000,
      requestMs: 30_000,
      attempts: 2,
      retryBudget: 0,
      concurrency: 3,
    },
  });
  expect(targets.get('local')).toEqual({ type: 'local', access: 'full', options: { path: './backups' } });
});

test.each([
  [
    '{ maxUploadRate: 10 }',
    '3:30: "targets.a.limits.maxUploadRate": expected bytes in a second, such as "10MB"',
  ],
  ['{ maxUploadRate: 1Mb }', '3:30'],
  ['{ maxUploadRate: 0.5kB }', '3:30: "targets.a.limits.maxUploadRate": at least 1kB'],
  ['{ stallTimeout: 10ms }', '3:29: "targets.a.limits.stallTimeout": at least 1s'],
  ['{ attempts: 0 }', '3:25'],
  ['{ concurrency: 33 }', '3:28'],
  [
    '{ maxUploadRates: 1MB }',
    '3:15: unknown key "targets.a.limits.maxUploadRates" (did you mean "maxUploadRate"?)',
  ],
])('%s is refused, with its place', async (limits, problem) => {
  const text = `targets:\n  a:\n    limits: ${limits}\n    type: local\n    path: x\n`;
  const error = await refusalOf(() => parseConfig(text, { path: FILE, env: {} }));
  expect(error.code).toBe('CONFIG_INVALID');
  expect(error.message).toContain(`${FILE}:${problem}`);
});

test.for<[string, number]>([
  ['10MB', 10_000_000],
  ['10 MB/s', 10_000_000],
  ['1.5MiB', 1_572_864],
  ['500kB', 500_000],
  ['2KiB', 2048],
  ['1GB/s', 1_000_000_000],
])('%s is %d bytes in a second', ([text, rate]) => {
  expect(parseRate(text)).toBe(rate);
});

test.for([
  '',
  '10',
  'MB',
  '10Mb',
  '10mb',
  '-1MB',
  '1e3MB',
  '999B',
  '0MB',
  '0.1kB',
  '10MB/h',
  '9999999999999GB',
])('%j is no rate', (text) => {
  expect(parseRate(text)).toBeUndefined();
});
