import { readdirSync, writeFileSync } from 'node:fs';

import { afterEach, beforeEach, expect, test } from 'vitest';

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
