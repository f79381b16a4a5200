import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { WriterPause } from '../../src/lib/snapshot/writer-pause.ts';

const LONG_MS = 30_000;

/** A process that runs until it is disposed of, with more than one thread. */
class Victim implements AsyncDisposable {
  readonly #child: ChildProcess = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1)'], {
    stdio: 'ignore',
  });

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** The state of each thread as /proc has it: T is stopped. */
  get isStopped(): boolean {
    const text = readFileSync(`/proc/${this.pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).startsWith('T');
  }

  async becomesRunning(): Promise<void> {
    while (this.isStopped) await sleep(2);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }
}

async function prepared(pid: number, capMs: number): Promise<WriterPause> {
  const pause = await WriterPause.prepare(pid, capMs);
  if (pause === undefined) throw new Error('not prepared');
  return pause;
}

describe.runIf(process.platform === 'linux')('a writer that is paused', () => {
  test('stands still, and goes on when it is let go, again and again', async () => {
    await using victim = new Victim();
    await using pause = await prepared(victim.pid, LONG_MS);
    for (let round = 0; round < 3; round += 1) {
      expect(await pause.stop()).toBe(true);
      expect(victim.isStopped).toBe(true);
      await pause.goOn();
      expect(victim.isStopped).toBe(false);
    }
    expect(pause.longestMs).toBeGreaterThan(0);
  });

  test('goes on at the cap though nobody lets it go', async () => {
    await using victim = new Victim();
    await using pause = await prepared(victim.pid, 50);
    expect(await pause.stop()).toBe(true);
    await victim.becomesRunning();
  });

  test('goes on when the pause is disposed of', async () => {
    await using victim = new Victim();
    {
      await using pause = await prepared(victim.pid, LONG_MS);
      await pause.stop();
    }
    expect(victim.isStopped).toBe(false);
  });

  test('goes on when the process that paused it is killed', async () => {
    await using victim = new Victim();
    const module = fileURLToPath(new URL('../../src/lib/snapshot/writer-pause.ts', import.meta.url));
    const script = `
      const { WriterPause } = await import(${JSON.stringify(module)});
      const pause = await WriterPause.prepare(${victim.pid}, ${LONG_MS});
      console.log(await pause.stop());`;
    const pauser = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(pauser.stdout, 'data')) as [Buffer];
    expect(line.toString().trim()).toBe('true');
    expect(victim.isStopped).toBe(true);
    pauser.kill('SIGKILL');
    await victim.becomesRunning();
  });

  test('goes on when the guard itself is killed', async () => {
    await using victim = new Victim();
    await using pause = await prepared(victim.pid, LONG_MS);
    await pause.stop();
    process.kill(pause.guardPid, 'SIGKILL');
    await victim.becomesRunning();
  });

  test('is not one that has ended, nor this process', async () => {
    const victim = new Victim();
    const { pid } = victim;
    await victim[Symbol.asyncDispose]();
    expect(await WriterPause.prepare(pid, LONG_MS)).toBeUndefined();
    expect(await WriterPause.prepare(process.pid, LONG_MS)).toBeUndefined();
  });
});
