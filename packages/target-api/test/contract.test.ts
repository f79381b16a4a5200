import { expect, test } from 'vitest';

import { isObjectKey, isTargetError, MAX_KEY_LENGTH, objectKey, TargetError } from '../src/index.ts';

test.each([
  'a',
  'backup_20261122_020000.tar.zst',
  'leases/x.json',
  'a=b/c_d-e.f',
  'x'.repeat(MAX_KEY_LENGTH),
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
  'x'.repeat(MAX_KEY_LENGTH + 1),
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
