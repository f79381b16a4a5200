import { join } from 'node:path';

import { listBackups, type NamedTarget, verifyBackup } from '@quackup/core';
import { LocalTarget } from '@quackup/target-local';
import { expect } from 'vitest';

import { hashOf } from './file-set.ts';

/** A folder of backups, for core. */
export function localBackups(folder: string): NamedTarget {
  return { name: 'local', target: new LocalTarget(folder) };
}

/** Hashes of the files of backups that have passed: the same bytes need not be gone through again. */
const passed = new Set<string>();

/** Asserts that everything that is listed is whole and passes `verify --level blocks`. @returns the names, newest first. */
export async function expectWholeBackups(folder: string): Promise<string[]> {
  const target = localBackups(folder);
  const listed = await listBackups(target);
  for (const { name, damaged, failedDatabases } of listed) {
    expect({ name, damaged, failedDatabases }).toEqual({ name, damaged: undefined, failedDatabases: [] });
    const files = [`${name}.json`, `${name}.tar.zst`];
    const hashes = (await Promise.all(files.map((file) => hashOf(join(folder, file))))).join(' ');
    if (passed.has(hashes)) continue;
    expect(await verifyBackup(target, name, { level: 'blocks' })).toMatchObject({ ok: true, problems: [] });
    passed.add(hashes);
  }
  return listed.map(({ name }) => name);
}
