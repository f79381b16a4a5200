import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { objectKey } from '@quackup/target-api';
import { describe, expect, it, vi } from 'vitest';

import { SftpTarget } from '../src/index.ts';
import {
  bodyOf,
  errorOf,
  KEY,
  keysOf,
  MIB,
  noSshd,
  open,
  optionsFor,
  readAll,
  sharedSshd,
} from './support.ts';

/** The server closes what it had open for writing soon after it has said that the put failed; until then the disk is busy. */
async function remountReadOnly(disk: string): Promise<void> {
  await vi.waitFor(() => execFileSync('mount', ['-o', 'remount,ro', disk], { stdio: 'pipe' }), 60_000);
}

const parts = (folder: string): Promise<readonly string[]> => readdir(join(folder, '.tmp'));

describe.skipIf(noSshd !== undefined)('SftpTarget', () => {
  const sshd = sharedSshd();
  const withoutRename = sharedSshd({ denied: ['posix-rename'] });
  const readOnly = sharedSshd({ readOnly: true });
  const withoutFolders = sharedSshd({ denied: ['mkdir'] });

  it('keeps objects for their owner only', async () => {
    await using target = await open(sshd(), 'modes');
    await target.put(objectKey('leases/one'), bodyOf(10));
    const modes = await Promise.all(
      ['', '.tmp', 'leases', 'leases/one'].map(async (name) =>
        ((await lstat(join(sshd().folder, 'modes', name))).mode & 0o777).toString(8),
      ),
    );
    expect(modes).toEqual(['700', '700', '700', '600']);
  });

  it('refuses to put on a server that cannot replace a file in one step, and reads from it', async () => {
    for (const [server, putIfAbsent] of [
      [withoutRename(), true],
      [readOnly(), false],
    ] as const) {
      await mkdir(join(server.folder, 'a'));
      await writeFile(join(server.folder, 'a', KEY), 'there');
      await using target = await open(server, 'a');
      expect(target.capabilities.putIfAbsent).toBe(putIfAbsent);
      expect(await errorOf(target.put(KEY, bodyOf(1)))).toMatchObject({ code: 'UNSUPPORTED' });
      expect(String(await readAll(target))).toBe('there');
      expect(await keysOf(target)).toEqual([KEY]);
    }
  });

  it('logs in again when the line was cut, also for many calls at once', async () => {
    await using target = await open(sshd(), 'again');
    await target.put(KEY, bodyOf(1000));
    await sshd().dropSessions();
    const outcomes = await Promise.allSettled([target.stat(KEY)]);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    const infos = await Promise.all([1, 2, 3, 4].map(() => target.stat(KEY)));
    expect(infos.map((info) => info?.size)).toEqual([1000, 1000, 1000, 1000]);
    expect((await readAll(target)).length).toBe(1000);
  });

  it('fails in the middle of a put, a get and a list whose line is cut, and nothing half-written shows', async () => {
    const folder = join(sshd().folder, 'cut');
    await using target = await open(sshd(), 'cut');
    await target.put(KEY, bodyOf(8 * MIB));
    const { body } = await target.get(KEY);
    const iterator = body[Symbol.asyncIterator]();
    await iterator.next();
    const cut = async function* (): AsyncGenerator<Uint8Array> {
      yield* bodyOf(3 * MIB);
      await sshd().dropSessions();
      yield* bodyOf(3 * MIB);
    };
    const lost = { code: 'UNAVAILABLE', retryable: true };
    expect(await errorOf(target.put(objectKey('new'), cut()))).toMatchObject(lost);
    const rest = async (): Promise<void> => {
      for (;;) if ((await iterator.next()).done === true) return;
    };
    expect(await errorOf(rest())).toMatchObject(lost);
    expect(await keysOf(target)).toEqual([KEY]);
    expect((await readAll(target)).length).toBe(8 * MIB);
    // Nobody could remove the part; a day later it goes.
    const [part = '', ...others] = await parts(folder);
    expect(others).toEqual([]);
    await utimes(join(folder, '.tmp', part), 0, 0);
    await using later = await open(sshd(), 'cut');
    await later.put(objectKey('later'), bodyOf(1));
    await later.close();
    expect(await parts(folder)).toEqual([]);
  });

  it('removes what an aborted put has written before it is closed', async () => {
    const target = await open(sshd(), 'aborted');
    const controller = new AbortController();
    const body = async function* (): AsyncGenerator<Uint8Array> {
      yield* bodyOf(2 * MIB);
      controller.abort(new Error('enough'));
      yield* bodyOf(2 * MIB);
    };
    await expect(target.put(KEY, body(), { signal: controller.signal })).rejects.toThrow('enough');
    await target.close();
    expect(await parts(join(sshd().folder, 'aborted'))).toEqual([]);
  });

  it('takes neither links nor folders for objects, and does not write through them', async () => {
    const folder = join(sshd().folder, 'links');
    await mkdir(join(folder, 'a-folder'), { recursive: true });
    await writeFile(join(sshd().folder, 'outside'), 'outside');
    await symlink(join(sshd().folder, 'outside'), join(folder, 'link'));
    await using target = await open(sshd(), 'links');
    for (const name of ['link', 'a-folder']) {
      const key = objectKey(name);
      expect(await target.stat(key)).toBeUndefined();
      expect(await errorOf(target.get(key))).toMatchObject({ code: 'NOT_FOUND' });
      await target.delete(key);
      expect((await lstat(join(folder, name))).isFile()).toBe(false);
    }
    expect(await keysOf(target)).toEqual([]);
  });

  it('tells a missing place from an empty one', async () => {
    await using missing = await open(sshd(), 'no/where');
    for (const call of [
      () => missing.stat(KEY),
      () => missing.get(KEY),
      () => keysOf(missing),
      () => missing.put(KEY, bodyOf(1)),
      () => missing.delete(KEY),
    ])
      expect(await errorOf(call())).toMatchObject({ code: 'CONTAINER_NOT_FOUND' });
    await using empty = await open(sshd(), 'nothing-yet');
    expect(await keysOf(empty)).toEqual([]);
    expect(await empty.stat(KEY)).toBeUndefined();
    await writeFile(join(sshd().folder, 'a-file'), '');
    await using file = await open(sshd(), 'a-file');
    expect(await errorOf(keysOf(file))).toMatchObject({ code: 'INVALID_OPTIONS' });
  });

  it('says ACCESS_DENIED where it may not write', async () => {
    await using target = await open(withoutFolders(), 'a');
    expect(await errorOf(target.put(KEY, bodyOf(1)))).toMatchObject({
      code: 'ACCESS_DENIED',
      retryable: false,
    });
    expect(await keysOf(target)).toEqual([]);
  });

  // Only root may mount; CI is root.
  it.runIf(process.getuid?.() === 0)(
    'says NO_SPACE on a full disk and READ_ONLY on one that is',
    async () => {
      const disk = join(sshd().folder, 'disk');
      await mkdir(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${2 * MIB}`, 'tmpfs', disk]);
      try {
        await using target = await open(sshd(), 'disk');
        await target.put(objectKey('small'), bodyOf(1000));
        expect(await errorOf(target.put(KEY, bodyOf(8 * MIB)))).toMatchObject({ code: 'NO_SPACE' });
        await remountReadOnly(disk);
        expect(await errorOf(target.put(KEY, bodyOf(1)))).toMatchObject({ code: 'READ_ONLY' });
        expect(await keysOf(target)).toEqual(['small']);
      } finally {
        execFileSync('umount', ['-l', disk]);
      }
    },
  );

  it('is left by an abort, and closed, although the server does not answer any more', async () => {
    const target = await open(sshd(), 'silent');
    await target.put(KEY, bodyOf(4 * MIB));
    const { body } = await target.get(KEY);
    await sshd().freezeSessions();
    const controller = new AbortController();
    const { signal } = controller;
    const calls = [
      target.put(objectKey('new'), bodyOf(8 * MIB), { signal }),
      target.get(KEY, { signal }),
      target.stat(KEY, { signal }),
      keysOf(target, { signal }),
      target.delete(KEY, { signal }),
    ];
    controller.abort('enough');
    for (const outcome of await Promise.allSettled(calls))
      expect(outcome).toEqual({ status: 'rejected', reason: 'enough' });
    const closed = once(body, 'close');
    body.destroy();
    await closed;
    const unanswered = errorOf(target.stat(KEY));
    await target.close();
    expect(await unanswered).toMatchObject({ code: 'UNAVAILABLE' });
    expect(await errorOf(target.stat(KEY))).toMatchObject({ code: 'CLOSED' });
  });

  it('takes a path that is relative to where the login leads', async () => {
    const options = optionsFor(sshd(), 'a', { path: `quackup-test-${process.pid}-${Date.now()}` });
    await using target = await SftpTarget.open(options);
    expect(await keysOf(target)).toEqual([]);
    expect(target.displayName).toMatch(/:\d+\/quackup-test-/);
  });
});

describe.runIf(noSshd !== undefined)('SftpTarget', () => {
  it.skip(noSshd ?? '');
});
