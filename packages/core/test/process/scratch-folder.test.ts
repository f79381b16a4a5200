import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';

import { expect, test } from 'vitest';

import { isKnownDead, isKnownDeadAnywhere, ownHolder } from '../../src/lib/process/holder.ts';
import { isProcessAlive, ownProcessStart, processStart } from '../../src/lib/process/process-identity.ts';
import { ScratchFolder } from '../../src/lib/process/scratch-folder.ts';
import { tempFolder } from '../make-database.ts';

/** A folder with content as another process would have left it. */
function leave(parent: string, name: string): string {
  const path = join(parent, name);
  mkdirSync(path);
  writeFileSync(join(path, '1'), 'copy of a database');
  return path;
}
const place = async (parent: string): Promise<string> => {
  await using folder = await ScratchFolder.create(parent);
  return basename(folder.path).split('-')[3] ?? '';
};
/** A process that lives until it is killed. */
async function child(): Promise<{ readonly pid: number; kill(): Promise<void> }> {
  const running = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  await once(running, 'spawn');
  const { pid } = running;
  if (pid === undefined) throw new Error('no process');
  return {
    pid,
    kill: async () => {
      running.kill('SIGKILL');
      await once(running, 'exit');
    },
  };
}

test('a folder is for its owner only, gives out each path once, and is gone with all that is in it', async () => {
  using parent = tempFolder();
  const inner = join(parent.path, 'not', 'there', 'yet');
  {
    await using folder = await ScratchFolder.create(inner);
    expect(statSync(folder.path).mode & 0o777).toBe(0o700);
    const paths = Array.from({ length: 100 }, () => folder.newPath());
    expect(new Set(paths).size).toBe(100);
    expect(readdirSync(folder.path)).toEqual([]);
    writeFileSync(paths[0] ?? '', 'x');
  }
  expect(readdirSync(inner)).toEqual([]);
});

test('what a process that is gone has left is removed, and what a living one uses stays', async () => {
  using parent = tempFolder();
  const here = await place(parent.path);
  const other = await child();
  const start = await processStart(other.pid);
  const path = leave(parent.path, `quackup-${other.pid}-${start}-${here}-AbCdEf`);
  const reused = leave(parent.path, `quackup-${other.pid}-1-${here}-AbCdEf`);
  await using own = await ScratchFolder.create(parent.path);
  expect([existsSync(path), existsSync(reused), existsSync(own.path)]).toEqual([true, false, true]);
  await other.kill();
  await using second = await ScratchFolder.create(parent.path);
  expect([existsSync(path), existsSync(own.path), existsSync(second.path)]).toEqual([false, true, true]);
});

test('what a process of another container has left, of which nobody here can tell whether it lives, stays for a week', async () => {
  using parent = tempFolder();
  const path = leave(parent.path, 'quackup-999999999-1-00000000-AbCdEf');
  await place(parent.path);
  expect(existsSync(path)).toBe(true);
  const eightDaysAgo = Date.now() / 1000 - 8 * 24 * 3600;
  utimesSync(path, eightDaysAgo, eightDaysAgo);
  await place(parent.path);
  expect(existsSync(path)).toBe(false);
});

test('what is not ours by its name stays, and a link is removed without what it leads to', async () => {
  using parent = tempFolder();
  using elsewhere = tempFolder();
  const here = await place(parent.path);
  const mine = leave(elsewhere.path, 'mine');
  for (const name of ['quackup-test', 'quackup-999999999-1-AbCdEf', `xquackup-999999999-1-${here}-AbCdEf`])
    leave(parent.path, name);
  symlinkSync(mine, join(parent.path, `quackup-999999999-1-${here}-AbCdEf`));
  await place(parent.path);
  expect(readdirSync(parent.path)).toHaveLength(3);
  expect(existsSync(join(mine, '1'))).toBe(true);
});

test('a parent that cannot be used is an error that says where to set another one', async () => {
  using parent = tempFolder();
  const file = join(parent.path, 'file');
  writeFileSync(file, '');
  await expect(ScratchFolder.create(file)).rejects.toMatchObject({
    code: 'NO_SPACE',
    hint: expect.stringContaining('backup.tempDir'),
  });
});

test('a process is alive until it is gone, and another one with its id is another one', async () => {
  const other = await child();
  const start = await processStart(other.pid);
  expect(await isProcessAlive(other.pid, start ?? -1)).toBe(true);
  if (process.platform === 'linux') expect(await isProcessAlive(other.pid, (start ?? 0) + 1)).toBe(false);
  await other.kill();
  expect(await isProcessAlive(other.pid, start ?? -1)).toBe(false);
  expect(await isProcessAlive(process.pid, await ownProcessStart())).toBe(true);
});

test.runIf(process.platform === 'linux')(
  'a process that has ended without its parent asking does not count as alive',
  async () => {
    // The shell starts a process that waits for us, then becomes one that never asks about its children. Only then
    // may the process end: a shell may ask as long as it is one.
    const shell = spawn('sh', ['-c', 'cat <&3 >&3 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
    });
    if (shell.stdout === null) throw new Error('the shell has no output');
    const [line] = (await once(shell.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    while (readFileSync(`/proc/${shell.pid}/comm`, 'utf8') !== 'sleep\n') await new Promise(setImmediate);
    expect(await processStart(pid)).toBeGreaterThan(0);
    shell.stdio[3]?.destroy();
    const deadline = Date.now() + 10_000;
    while ((await processStart(pid)) !== undefined && Date.now() < deadline) await new Promise(setImmediate);
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    expect(await processStart(pid)).toBeUndefined();
    shell.kill('SIGKILL');
    await once(shell, 'exit');
  },
);

test('only of a process of this very place it is known that it is gone', async () => {
  const own = await ownHolder();
  const [host, boot, namespace] = own.place.split(' ');
  const gone = { ...own, pid: 999_999_999 };
  expect([await isKnownDead(own), await isKnownDead(gone)]).toEqual([false, true]);
  expect([await isKnownDeadAnywhere(own), await isKnownDeadAnywhere(gone)]).toEqual([false, boot !== '']);
  const rebooted = { ...gone, place: `${host} other-boot ${namespace}` };
  // What lies on a disk of this machine is of this machine; what lies on a target may be of one with the same name.
  expect([await isKnownDead(rebooted), await isKnownDeadAnywhere(rebooted)]).toEqual([true, false]);
  for (const place of [
    `other ${boot} ${namespace}`,
    'unknown',
    '',
    `${host}`,
    `${host} `,
    `${host} ${boot} pid:[1]`,
  ]) {
    expect(
      [await isKnownDead({ ...gone, place }), await isKnownDeadAnywhere({ ...gone, place })],
      place,
    ).toEqual([false, false]);
  }
});
