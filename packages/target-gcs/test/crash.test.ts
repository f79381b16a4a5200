import { KILLED_PUT_BYTES, putAndKill } from '@quackup/fixtures';
import { objectKey } from '@quackup/target-api';
import { expect, it } from 'vitest';

import { bodyOf, bytesOf, keysOf, openPlace, readAll } from './support.ts';

const MODULE = new URL('../src/index.ts', import.meta.url);

it(
  'shows nothing of a put whose process was killed, and what was there stays',
  { timeout: 60_000 },
  async () => {
    await using place = await openPlace();
    const { target } = place;
    const old = bytesOf(1000);
    await target.put(objectKey('old'), bodyOf(old));
    const options = { bucket: 'test', endpoint: place.server.endpoint, chunkSizeMiB: 1 };
    for (const [round, line] of ['0', '5', '10', '14'].entries()) {
      await putAndKill(MODULE, options, round % 2 === 0 ? 'new' : 'old', line);
      expect(await target.stat(objectKey('new'))).toBeUndefined();
      expect(await keysOf(target)).toEqual(['old']);
      expect((await readAll(target, objectKey('old'))).equals(old)).toBe(true);
    }
    await target.put(objectKey('new'), bodyOf(old), { condition: { type: 'if-absent' } });
    expect(await keysOf(target)).toEqual(['new', 'old']);
  },
);

it('shows an object whole if its process is killed right after the put', { timeout: 30_000 }, async () => {
  await using place = await openPlace();
  await putAndKill(
    MODULE,
    { bucket: 'test', endpoint: place.server.endpoint, chunkSizeMiB: 1 },
    'new',
    'done',
  );
  expect((await place.target.stat(objectKey('new')))?.size).toBe(KILLED_PUT_BYTES);
});
