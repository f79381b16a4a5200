import { rmSync } from 'node:fs';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { CliPlace } from './support/cli-place.ts';

let place: CliPlace;
beforeEach(async () => {
  place = await CliPlace.create();
});
afterEach(() => place[Symbol.dispose]());

test('SCANNED tells of scans alone, and list and show call it so', async () => {
  await place.run('backup');
  await place.run('verify', '--level', 'blocks');
  const listed = await place.runText('list');
  expect(listed.stdout).toMatch(/ SCANNED +STATE\n.* never +complete\n/);
  expect((await place.runText('show', 'latest')).stdout).toMatch(/^ {2}scanned +never$/m);
  await place.run('verify', '--level', 'scan');
  expect((await place.runText('show', 'latest')).stdout).toMatch(/^ {2}scanned +\d{4}-\d\d-\d\d [\d:]+Z$/m);
  expect((await place.run('list')).json).toMatchObject({ backups: [{ verified: { level: 'scan' } }] });
});

test('where nothing is found, list and status say where they looked, and why only there', async () => {
  expect((await place.runText('list')).stdout).toBe('no backups on local\n');
  rmSync(place.path('quackup.yaml'));
  const why = `there is no ${place.path('quackup.yaml')}, so only the folder ${place.path('backups')} was looked at`;
  expect(await place.runText('list')).toMatchObject({
    status: 0,
    stdout: 'no backups on local\n',
    stderr: `warning: ${why}\n`,
  });
  const { status, stdout } = await place.runText('status');
  expect([status, stdout]).toEqual([2, expect.stringContaining(`local has no complete backup: ${why} |`)]);
});
