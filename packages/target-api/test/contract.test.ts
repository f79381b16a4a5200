import { describe, expect, test } from 'vitest';

import {
  defineTarget,
  isObjectKey,
  isTargetDefinition,
  isTargetError,
  MAX_KEY_LENGTH,
  MAX_SEGMENT_LENGTH,
  MAX_SEGMENTS,
  objectKey,
  TargetError,
} from '../src/index.ts';

const LONGEST_SEGMENT = 'x'.repeat(MAX_SEGMENT_LENGTH);
const LONGEST_KEY =
  `${LONGEST_SEGMENT}/`.repeat(4) + 'x'.repeat(MAX_KEY_LENGTH - 4 * (MAX_SEGMENT_LENGTH + 1));

test.each([
  'a',
  'backup_20261122_020000.tar.zst',
  'leases/x.json',
  'a=b/c_d-e.f',
  'a..b',
  LONGEST_SEGMENT,
  LONGEST_KEY,
  Array.from({ length: MAX_SEGMENTS }, () => 'x').join('/'),
])('%s is a key', (key) => {
  expect(objectKey(key)).toBe(key);
});

test.each([
  '',
  '/a',
  'a/',
  'a//b',
  '.a',
  'a/.b',
  '../a',
  'a b',
  'ä',
  'a\\b',
  'a\0',
  'a.',
  'a./b',
  '.',
  'a/..',
  `${LONGEST_SEGMENT}x`,
  `a/${LONGEST_SEGMENT}x/b`,
  `${LONGEST_KEY}x`,
  Array.from({ length: MAX_SEGMENTS + 1 }, () => 'x').join('/'),
])('%j is no key', (key) => {
  expect(isObjectKey(key)).toBe(false);
  expect(() => objectKey(key)).toThrowError(expect.objectContaining({ code: 'INVALID_KEY' }));
});

test('an error is recognised by its brand, also from another copy of the package', () => {
  const error = new TargetError('THROTTLED', 'slow down', { hint: 'wait' });
  expect(isTargetError(error)).toBe(true);
  expect(isTargetError({ [Symbol.for('quackup.TargetError')]: true })).toBe(true);
  expect(isTargetError(new Error('x'))).toBe(false);
  expect(error.retryable).toBe(true);
  expect(new TargetError('UNKNOWN', 'x').retryable).toBe(false);
});

describe('a definition', () => {
  const standard = { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) } as const;
  const good = defineTarget<unknown>({
    type: 'acme',
    optionsSchema: { '~standard': standard },
    secretOptions: [],
    open: () => Promise.reject(new Error('not here')),
  });

  test('is recognised, of any version, also with a schema that can be called', () => {
    expect(isTargetDefinition(good)).toBe(true);
    expect(isTargetDefinition({ ...good, apiVersion: 7 })).toBe(true);
    const callable = Object.assign(() => {}, { '~standard': standard });
    expect(isTargetDefinition({ ...good, optionsSchema: callable })).toBe(true);
  });

  test.each(['apiVersion', 'type', 'optionsSchema', 'secretOptions', 'open'])(
    'is none without %s',
    (name) => {
      expect(isTargetDefinition({ ...good, [name]: undefined })).toBe(false);
    },
  );

  test.each([null, 'acme', { ...good, optionsSchema: {} }, { ...good, optionsSchema: null }])(
    '%o is none',
    (value) => {
      expect(isTargetDefinition(value)).toBe(false);
    },
  );
});
