import { mkdir, readdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { conformanceCases, runCase } from '@quackup/target-testkit';
import { describeTarget } from '@quackup/target-testkit/vitest';
import { describe, expect, it } from 'vitest';

import { target } from '../src/index.ts';
import { noSshd, open, optionsFor, sharedSshd } from './support.ts';

describe.skipIf(noSshd !== undefined)('a real sshd', () => {
  const sshd = sharedSshd();
  const withoutLinks = sharedSshd({ denied: ['hardlink', 'fsync'] });

  const inFolder = (name: string): string => join(sshd().folder, 'plain', name);

  describeTarget('SftpTarget', {
    open: () => open(sshd(), 'plain'),
    definition: () => ({ target, options: { ...optionsFor(sshd(), 'plain') } }),
    foreign: {
      store: async (name) => {
        await mkdir(dirname(inFolder(name)), { recursive: true });
        await writeFile(inFolder(name), 'foreign');
      },
      remove: async (name) => {
        await rm(inFolder(name));
        await rmdir(dirname(inFolder(name))).catch(() => {});
      },
    },
  });

  it('denies what a server without hard links cannot do, and does the rest', async () => {
    const results = new Map<string, string>();
    for (const testCase of conformanceCases.filter(({ id }) =>
      /^if-absent\.|^put\.(?:replaces|exact-size|returns-info)$/.test(id),
    )) {
      const { status } = await runCase(testCase, { open: () => open(withoutLinks(), 'plain') });
      results.set(testCase.id, status);
    }
    expect([...results.values()]).not.toContain('failed');
    expect(results.get('if-absent.denied')).toBe('passed');
    expect(results.get('if-absent.stores')).toBe('not-applicable');
  });

  it('leaves nothing behind after all that', async () => {
    for (const { folder } of [sshd(), withoutLinks()]) {
      expect(await readdir(join(folder, 'plain'))).toEqual(['.tmp']);
      expect(await readdir(join(folder, 'plain', '.tmp'))).toEqual([]);
    }
  });
});

describe.runIf(noSshd !== undefined)('a real sshd', () => {
  it.skip(noSshd ?? '');
});
