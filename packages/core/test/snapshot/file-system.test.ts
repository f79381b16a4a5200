import { tmpdir } from 'node:os';

import { expect, test } from 'vitest';

import { sharedFileSystem, sharedFileSystemOf } from '../../src/lib/snapshot/file-system.ts';

test.each([
  [0x6969, 'NFS'],
  [0xff534d42, 'SMB'],
  [0xff534d42 | 0, 'SMB'],
  [0xfe534d42 | 0, 'SMB'],
  [0x65735546, 'FUSE'],
  [0x00c36400, 'CephFS'],
])('type %i is %s', (type, name) => {
  expect(sharedFileSystemOf(type)).toBe(name);
});

test.each([
  ['ext4', 0xef53],
  ['XFS', 0x58465342],
  ['btrfs', 0x9123683e],
  ['tmpfs', 0x01021994],
  ['overlayfs', 0x794c7630],
])('%s is local', (_, type) => {
  expect(sharedFileSystemOf(type)).toBeUndefined();
});

test('where the system gives no such number nothing is said', async () => {
  expect(await sharedFileSystem(tmpdir(), 'darwin')).toBeUndefined();
});
