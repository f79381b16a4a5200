import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { objectKey } from '@quackup/target-api';
import { expect, it } from 'vitest';

import { LocalTarget } from '../src/index.ts';
import { bodyOf, keysOf, tempFolder } from './temp-folder.ts';

const PROGRAM = join(import.meta.dirname, 'programs', 'slow-put.ts');

/** Starts a put in another process and kills it when it has told `line`. Whether the put had resolved by then. */
async function putAndKill(
  folder: string,
  key: string,
  line: string,
  ...condition: string[]
): Promise<boolean> {
  const child = spawn(process.execPath, [PROGRAM, folder, key, ...condition], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let done = false;
  for await (const told of createInterface({ input: child.stdout })) {
    if (told === line) child.kill('SIGKILL');
    done ||= told === 'done';
  }
  await exited;
  return done;
}

it('lists nothing of a put whose process was killed', { timeout: 400_000 }, async () => {
  await using folder = await tempFolder();
  const target = new LocalTarget(folder.path);
  const old = Buffer.from('the old one');
  await target.put(objectKey('old'), bodyOf(old));
  let cutOff = 0;
  for (let round = 0; round < 20; round += 1) {
    const key = round % 2 === 0 ? 'new' : 'old';
    const condition = round % 4 === 0 ? ['if-absent'] : [];
    const done = await putAndKill(folder.path, key, String((round * 10) % 200), ...condition);
    const sizes = new Map<string, number>();
    for await (const info of target.list()) sizes.set(info.key, info.size);
    if (done) break;
    cutOff += 1;
    expect(sizes).toEqual(new Map([['old', old.length]]));
    expect(await target.stat(objectKey('new'))).toBeUndefined();
    expect(Buffer.concat(await (await target.get(objectKey('old'))).body.toArray())).toEqual(old);
  }
  expect(cutOff).toBe(20);
  // The parts are there, so the puts were in the middle; they go a day later, and are in nobody's way until then.
  expect((await readdir(join(folder.path, '.tmp'))).length).toBeGreaterThan(10);
  await target.put(objectKey('new'), bodyOf(old), { condition: { type: 'if-absent' } });
  expect(await keysOf(target.list())).toEqual(['new', 'old']);

  const later = new LocalTarget(folder.path, { now: () => new Date(Date.now() + 25 * 3_600_000) });
  await later.put(objectKey('later'), bodyOf(old));
  expect(await readdir(join(folder.path, '.tmp'))).toEqual([]);
});

it('lists an object whole if its process is killed right after the put', { timeout: 30_000 }, async () => {
  await using folder = await tempFolder();
  expect(await putAndKill(folder.path, 'a', 'done')).toBe(true);
  expect((await new LocalTarget(folder.path).stat(objectKey('a')))?.size).toBe(200 * 65_536);
});
