import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { verifyExitCode, verifyState } from '../src/lib/verify-state.ts';
import { CliPlace } from './support/cli-place.ts';

let place: CliPlace;
beforeEach(async () => {
  place = await CliPlace.create();
});
afterEach(() => place[Symbol.dispose]());

test('a damaged manifest is damage that can be repaired, and verify says so', async () => {
  await place.run('backup');
  const manifest = readdirSync(place.path('b')).find((name) => name.endsWith('.json')) ?? '';
  const backup = manifest.replace('.json', '');
  writeFileSync(place.path(`b/${manifest}`), '{}');
  const { status, stdout } = await place.runText('verify', backup);
  expect([status, stdout]).toEqual([3, expect.stringContaining('try: quackup repair')]);
  await place.run('repair');
  expect((await place.runText('verify', backup)).stdout).not.toContain('try:');
});

test.each([['missing'], ['empty']])(
  '--all of a target whose folder is %s has verified nothing',
  async (what) => {
    if (what === 'empty') mkdirSync(place.path('b'));
    for (const command of [['verify', '--all'], ['verify']])
      expect(await place.run(...command)).toMatchObject({
        status: 1,
        json: { error: { code: 'BACKUP_NOT_FOUND' } },
      });
  },
);

test.each([
  [[], 'ok', 0],
  [['KEY_WRONG'], 'unreadable', 2],
  [['KEY_REQUIRED'], 'unreadable', 2],
  [['FORMAT_UNSUPPORTED'], 'unreadable', 1],
  [['KEY_WRONG', 'BACKUP_DAMAGED'], 'damaged', 3],
])('problems %j are %s', (codes, state, exitCode) => {
  const problems = codes.map((code) => ({ code, object: 'o', message: 'm' }));
  const report = {
    backup: 'b',
    ok: codes.length === 0,
    level: 'blocks',
    problems,
    notes: [],
    durationMs: 1,
  } as const;
  expect([verifyState(report), verifyExitCode([report])]).toEqual([state, exitCode]);
});
