import { expect, test } from 'vitest';

import { fileSystemOf } from '../src/lib/machine.ts';
import { parseOptions, UsageError } from '../src/lib/options.ts';
import { parseBytes } from '../src/lib/parse-bytes.ts';

test.each([
  ['1100MB', 1_100_000_000],
  ['1.5GB', 1_500_000_000],
  ['64MiB', 67_108_864],
  ['4096', 4096],
  ['0.4B', undefined],
  ['0MB', undefined],
  ['-1MB', undefined],
  ['many', undefined],
  ['1TB', undefined],
])('%s is %s bytes', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test('without options everything is measured, at more than a gigabyte, five times', () => {
  const options = parseOptions([], '/here');
  expect(options).toMatchObject({ bytes: 1.1e9, rounds: 5, backups: 1000, tools: undefined, write: false });
  expect([...options.only]).toEqual(['backup', 'restore', 'startup', 'list']);
});

test('paths are relative to the working directory, lists are split', () => {
  const options = parseOptions(
    ['--dir', 'd', '--json', 'r.json', '--only', 'list,backup', '--tools=quackup,restic'],
    '/here',
  );
  expect(options).toMatchObject({ dir: '/here/d', json: '/here/r.json' });
  expect(options.only).toEqual(new Set(['list', 'backup']));
  expect(options.tools).toEqual(new Set(['quackup', 'restic']));
});

test.each([
  ['--rounds', '0'],
  ['--bytes', 'big'],
  ['--only', 'backup,everything'],
  ['--tools', 'quackup,cpio'],
  ['--bogus'],
  ['word'],
])('wrong usage is refused: %s %s', (...args) => {
  expect(() => parseOptions(args, '/here')).toThrow(UsageError);
});

test('a path is on the file system that is mounted nearest to it, the last one if several are', () => {
  const mounts = [
    '/dev/a / ext4 rw',
    '/dev/b /data xfs rw',
    'tmp /data tmpfs rw',
    '/dev/c /dat btrfs rw',
    '',
  ].join('\n');
  expect(fileSystemOf('/data/bench', mounts)).toBe('tmpfs (tmp)');
  expect(fileSystemOf('/database', mounts)).toBe('ext4 (/dev/a)');
  expect(fileSystemOf('/data/bench', '')).toBe('unknown');
});
