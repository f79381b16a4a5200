import { expect, test } from 'vitest';

import type { Manifest } from '../../src/lib/format/manifest.ts';
import type { ListedBackup } from '../../src/lib/list/list-backups.ts';
import { whatRemovalFrees } from '../../src/lib/list/what-removal-frees.ts';

type Backup = Pick<ListedBackup, 'summary' | 'manifest'>;

const archive = (of: string): unknown => ({ name: `${of}.tar.gz`, sizeBytes: 0 });

/** A backup `name` whose manifest refers to the archives of others, or has none that can be read. */
function backup(name: string, references: readonly string[] | 'unreadable', origin = 'quackup'): Backup {
  const manifest =
    references === 'unreadable'
      ? undefined
      : { archive: archive(name), references: references.map((of) => archive(of)) };
  return { summary: { name, origin }, manifest } as unknown as Backup & { manifest: Manifest };
}

const sizes = new Map([
  ['a.tar.gz', 100],
  ['b.tar.gz', 20],
  ['c.tar.gz', 3],
]);

const frees = (...backups: readonly Backup[]): Record<string, number> =>
  Object.fromEntries(whatRemovalFrees(backups, { sizes }));

test('a backup frees its own archive unless a later one needs it', () => {
  expect(frees(backup('a', []), backup('b', ['a']), backup('c', ['b']))).toEqual({ a: 0, b: 0, c: 3 });
});

test('the last backup that needs an archive of a removed one frees that archive too', () => {
  expect(frees(backup('b', ['a']), backup('c', []))).toEqual({ b: 120, c: 3 });
  expect(frees(backup('b', ['a']), backup('c', ['a']))).toEqual({ b: 20, c: 3 });
});

test('nothing is free while the manifest of another backup cannot be read: it may need any archive', () => {
  expect(frees(backup('a', []), backup('b', []), backup('c', 'unreadable'))).toEqual({ a: 0, b: 0, c: 3 });
});

test('an archive of OpenQuant needs nothing but itself', () => {
  expect(frees(backup('a', 'unreadable', 'openquant'), backup('b', []))).toEqual({ a: 100, b: 20 });
});
