import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';

import { QuackupError } from '../errors.ts';
import { type Holder, holderSchema, isKnownDead, ownHolder } from './holder.ts';

/**
 * Takes a lock file for this process, on this machine. One of a process that is over counts for nothing.
 *
 * @param path Of a file in a folder that only this user may write.
 * @returns to be disposed of when the work is done.
 * @throws LEASE_HELD if another process has it.
 */
export async function acquireProcessLock(path: string, what: string): Promise<AsyncDisposable> {
  const own = `${JSON.stringify(await ownHolder())}\n`;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    if (await putIfAbsent(path, own)) {
      return {
        [Symbol.asyncDispose]: async () => {
          if ((await readText(path)) === own) await rm(path, { force: true });
        },
      };
    }
    const text = await readText(path);
    if (text === undefined) continue;
    const holder = parseHolder(text);
    if (holder !== undefined && !(await isKnownDead(holder))) {
      throw new QuackupError(
        'LEASE_HELD',
        `${what} is running already (process ${holder.pid}); nothing was done`,
        {
          hint: `wait until it is done; if process ${holder.pid} is no quackup, remove ${path}`,
        },
      );
    }
    // Of two that find it dead one moves it away; the other finds it gone, or finds the new one.
    const dead = `${path}.${randomUUID()}.dead`;
    await rename(path, dead).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    });
    const moved = await readText(dead);
    if (moved !== undefined && moved !== text) {
      // It was the new one of somebody who was faster: it goes back.
      await putIfAbsent(path, moved);
    }
    await rm(dead, { force: true });
  }
  throw new QuackupError('LEASE_HELD', `${what} is just being started by another process; nothing was done`, {
    hint: 'wait until it is done',
  });
}

/** The file appears with its content or not at all: one without would be taken for that of a dead process. */
async function putIfAbsent(path: string, text: string): Promise<boolean> {
  const whole = `${path}.${randomUUID()}.new`;
  await writeFile(whole, text, { mode: 0o600 });
  try {
    await link(whole, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(whole, { force: true });
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
