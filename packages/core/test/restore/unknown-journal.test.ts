/** Journals that this version of Quackup cannot follow. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { RestoreSite } from '../../src/lib/restore/restore-site.ts';
import { recoverSite } from '../../src/lib/restore/settle-switch.ts';
import { tempFolder } from '../make-database.ts';

let folder: ReturnType<typeof tempFolder>;
let site: RestoreSite;
beforeEach(() => {
  folder = tempFolder();
  site = new RestoreSite(join(folder.path, 'a.duckdb'));
  writeFileSync(site.path, 'QUACKUP: a restore of this database has not been finished.\n');
  writeFileSync(site.aside('database', '.bak-1'), 'old');
  writeFileSync(site.fresh('database'), 'new');
});
afterEach(() => folder[Symbol.dispose]());

test.each(['{"format":2,"phase":"switching"}', '{"format":1,"phase":"switching","more":true}'])(
  'one of another version (%s) is left to that version',
  async (text) => {
    writeFileSync(site.journal, text);
    const before = readdirSync(folder.path);
    await expect(recoverSite(site)).rejects.toMatchObject({
      code: 'RESTORE_PENDING',
      message: expect.stringContaining('another version of Quackup') as string,
    });
    expect(readdirSync(folder.path)).toEqual(before);
  },
);

test('one that is cut off beside a guard is left to the user, who is told of the old database', async () => {
  writeFileSync(site.journal, '{"format":1,');
  const before = readdirSync(folder.path);
  await expect(recoverSite(site)).rejects.toMatchObject({
    code: 'RESTORE_PENDING',
    hint: expect.stringContaining('.bak-') as string,
  });
  expect(readdirSync(folder.path)).toEqual(before);
});

test.each(['', '{"format":1,'])(
  'one that is cut off (%j) beside a database goes, with what was written',
  async (text) => {
    writeFileSync(site.path, 'a database');
    writeFileSync(site.journal, text);
    expect(await recoverSite(site)).toMatch(/as it was before$/);
    expect(readFileSync(site.path, 'utf8')).toBe('a database');
    expect(existsSync(site.journal)).toBe(false);
    expect(readdirSync(folder.path)).not.toContain(basename(site.fresh('database')));
  },
);
