/** Ctrl-C, and targets that fail, hang, cut off or answer late. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { startWriter } from '@quackup/fixtures';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { filesBelow, fingerprint } from '../support/file-set.ts';
import { DISTURBED_TARGET, makeSource, Place } from '../support/place.ts';
import { tempFolder } from '../support/temp-folder.ts';

const templates = await tempFolder();
const template = join(templates.path, 'small.duckdb');
beforeAll(() => makeSource(template));
afterAll(() => templates[Symbol.asyncDispose]());

const disturbed = (behaviour: string, path = 'backups'): string =>
  `{ type: "${DISTURBED_TARGET}", path: ${path}, behaviour: ${behaviour} }`;

test.each([
  { signal: 'SIGINT', behaviour: 'wait-put' },
  { signal: 'SIGTERM', behaviour: 'wait-put' },
  { signal: 'SIGTERM', behaviour: 'hang' },
] as const)(
  'a backup that $signal interrupts in the middle of $behaviour ends with 130 and leaves nothing',
  async ({ signal, behaviour }) => {
    await using place = await Place.make(template);
    // A database in use is frozen in the scratch folder, which must be gone as well.
    const held = join(place.path, 'held.duckdb');
    await makeSource(held);
    await using writer = await startWriter(held, { commitsPerSecond: 0.0001 });
    await writer.waitFor(1);
    await place.configure(
      'databases: [data/my.duckdb, held.duckdb]',
      `targets: { a: ${disturbed(behaviour)} }`,
    );
    const running = place.start('backup', '--json');
    await place.waitFor('backups.waiting', running);
    running.child.kill(signal);
    // Nobody makes the file that what waits is waiting for: the run ends all the same.
    const { status, json } = await running.ended;
    expect(status).toBe(130);
    expect(json).toMatchObject({ error: { code: 'INTERRUPTED' } });
    expect(await place.expectSurvived()).toEqual([]);

    await writeFile(join(place.path, 'backups.go'), '');
    const again = await place.run('backup', '--json');
    expect(again, again.stderr).toMatchObject({ status: 0 });
    expect(await place.expectSurvived()).toHaveLength(1);
  },
);

test('a backup that was killed holds nobody up, even if its parent never collects it', async () => {
  await using place = await Place.make(template);
  await place.configure('databases: [data/my.duckdb]', `targets: { a: ${disturbed('wait-put')} }`);
  // The shell becomes a program that knows nothing of its child: once killed, that stays as a zombie.
  await using parent = place.startUnderParent('backup');
  await place.waitForFile('backups.waiting');
  const pid = await parent.child();
  process.kill(pid, 'SIGKILL');
  expect(await parent.stateOf(pid)).toBe('Z');
  expect(await filesBelow(join(place.backups, 'leases'))).toHaveLength(1);
  const cleaned = await place.run('cleanup', '--json');
  expect(cleaned, cleaned.stdout).toMatchObject({ status: 0 });
  expect(await filesBelow(join(place.backups, 'leases'))).toEqual([]);
  await place.expectSourceUntouched();
  await place.expectGoodRestores();
});

test('a restore that is interrupted ends with 130, and what was there is untouched', async () => {
  await using place = await Place.make(template);
  await place.configure('databases: [data/my.duckdb]', `targets: { a: ${disturbed('wait-get')} }`);
  const running = place.start('restore', 'latest', '--overwrite', '--json');
  await place.waitFor('backups.waiting', running);
  running.child.kill('SIGINT');
  const { status, json } = await running.ended;
  expect(status).toBe(130);
  expect(json).toMatchObject({ error: { code: 'INTERRUPTED' } });
  expect(await place.expectSurvived()).toEqual([]);
});

test.each(['fail', 'cut'])(
  'a target that does nothing but %s gets no backup, alone or beside a good one, which does',
  async (behaviour) => {
    await using place = await Place.make(template);
    await place.configure('databases: [data/my.duckdb]', `targets: { bad: ${disturbed(behaviour)} }`);
    const stored = await fingerprint(place.backups);
    const alone = await place.run('backup', '--json');
    expect(alone).toMatchObject({
      status: 1,
      json: { error: { code: 'TARGET_FAILED', message: expect.stringContaining('the place has gone away') } },
    });
    expect(await fingerprint(place.backups)).toEqual(stored);
    expect(await place.expectSurvived()).toEqual([]);

    const targets = `targets: { bad: ${disturbed(behaviour, 'bad')}, good: { type: local, path: backups } }`;
    await place.configure('databases: [data/my.duckdb]', targets);
    const both = await place.run('backup', '--json');
    expect(both).toMatchObject({
      status: 1,
      json: {
        databases: [{ status: 'ok' }],
        targets: [
          { name: 'bad', status: 'failed', error: { code: 'ACCESS_DENIED' } },
          { name: 'good', status: 'ok' },
        ],
      },
    });
    expect(await place.run('list', '--target', 'bad', '--json')).toMatchObject({ json: { backups: [] } });
    expect(await place.expectSurvived()).toHaveLength(1);
  },
);

test('a target that answers late gets its backup', async () => {
  await using place = await Place.make(template);
  await place.configure('databases: [data/my.duckdb]', `targets: { a: ${disturbed('late')} }`);
  const run = await place.run('backup', '--json');
  expect(run, run.stderr).toMatchObject({ status: 0 });
  expect(await place.expectSurvived()).toHaveLength(1);
});
