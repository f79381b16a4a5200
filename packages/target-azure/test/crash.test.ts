import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { objectKey } from '@quackup/target-api';
import { expect, it } from 'vitest';

import { bodyOf, bytesOf, keysOf, openPlace, readAll, sharedAzurite } from './support.ts';

const azurite = sharedAzurite();

const PROGRAM = join(import.meta.dirname, 'programs', 'slow-put.ts');

/** Starts a put in another process and kills it with SIGKILL when it has told `line`. */
async function putAndKill(options: object, key: string, line: string): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(options), key], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  for await (const told of createInterface({ input: child.stdout })) if (told === line) child.kill('SIGKILL');
  expect((await exited)[1]).toBe('SIGKILL');
}

it(
  'shows nothing of a put whose process was killed, and what was there stays',
  { timeout: 60_000 },
  async () => {
    await using place = await openPlace(azurite());
    const { target } = place;
    const old = bytesOf(1000);
    await target.put(objectKey('old'), bodyOf(old));
    const options = {
      container: place.container.containerName,
      connectionString: azurite().connectionString,
      blockSizeMiB: 1,
    };
    for (const [round, line] of ['0', '5', '10', '14'].entries()) {
      await putAndKill(options, round % 2 === 0 ? 'new' : 'old', line);
      expect(await target.stat(objectKey('new'))).toBeUndefined();
      expect(await keysOf(target)).toEqual(['old']);
      expect((await readAll(target, objectKey('old'))).equals(old)).toBe(true);
    }
    // Not if-absent: Azurite takes the blocks that were left for an object.
    await target.put(objectKey('new'), bodyOf(old));
    expect(await keysOf(target)).toEqual(['new', 'old']);
  },
);

it('shows an object whole if its process is killed right after the put', { timeout: 30_000 }, async () => {
  await using place = await openPlace(azurite());
  await putAndKill(
    {
      container: place.container.containerName,
      connectionString: azurite().connectionString,
      blockSizeMiB: 1,
    },
    'new',
    'done',
  );
  expect((await place.target.stat(objectKey('new')))?.size).toBe(16 * 1_048_576);
});
