import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../child/warm-cli.ts', import.meta.url));

/** When a run is killed: so long after `sign`, or after the command began if there is none. */
export interface KillMoment {
  readonly afterMs: number;
  /** A folder, and what the name of a file in it must match to count: the first one that appears or changes is the sign. */
  readonly sign?: { readonly folder: string; readonly name: RegExp };
}

export interface WarmRun {
  /** Whether the command was still running when it was killed. */
  readonly killed: boolean;
  /** From the beginning of the command to its end. */
  readonly durationMs: number;
  /** undefined if it was killed. */
  readonly exitCode: number | undefined;
  readonly output: string;
}

/** A process that has loaded the command line (`child/warm-cli.ts`) and runs one command. */
export class WarmCli {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #output: Promise<string>;
  readonly #closed: Promise<unknown>;
  readonly #warm = Promise.withResolvers<void>();
  readonly #began = Promise.withResolvers<number>();
  readonly #ended = Promise.withResolvers<void>();
  #end: { readonly exitCode: number; readonly atMs: number } | undefined;

  /** @param env Added to the environment of this process. */
  constructor(env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, [SCRIPT], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    // A child that is killed breaks the pipe; its end says so as well.
    this.#child.stdin.on('error', () => undefined);
    this.#output = text(this.#child.stderr);
    this.#closed = once(this.#child, 'close');
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const [word, code] = line.split(' ');
      if (word === 'warm') this.#warm.resolve();
      if (word === 'began') this.#began.resolve(performance.now());
      if (word !== 'ended') return;
      this.#end = { exitCode: Number(code), atMs: performance.now() };
      this.#ended.resolve();
    });
  }

  /** Runs a command, and kills it with SIGKILL at `moment` if it is still running then. */
  async run(cwd: string, args: readonly string[], moment?: KillMoment): Promise<WarmRun> {
    await Promise.race([this.#warm.promise, this.#failIfClosed()]);
    const sign = moment?.sign === undefined ? undefined : nextSign(moment.sign);
    try {
      this.#child.stdin.write(`${JSON.stringify({ cwd, args })}\n`);
      const beganMs = await Promise.race([this.#began.promise, this.#failIfClosed()]);
      if (moment !== undefined) {
        const ended = this.#ended.promise;
        await Promise.race([ended, sign?.seen]);
        await Promise.race([ended, sleep(moment.afterMs)]);
      } else {
        await Promise.race([this.#ended.promise, this.#failIfClosed()]);
      }
      this.dispose();
      // Everything that the process has said has been read by then.
      await this.#closed;
      return {
        killed: this.#end === undefined,
        durationMs: (this.#end?.atMs ?? performance.now()) - beganMs,
        exitCode: this.#end?.exitCode,
        output: await this.#output,
      };
    } finally {
      sign?.stop();
      this.dispose();
      await this.#closed;
    }
  }

  /** Ends the process, whatever it does. */
  dispose(): void {
    this.#child.kill('SIGKILL');
  }

  async #failIfClosed(): Promise<never> {
    await this.#closed;
    throw new Error(`the command line ended by itself: ${await this.#output}`);
  }
}

function nextSign({ folder, name }: NonNullable<KillMoment['sign']>): {
  readonly seen: Promise<void>;
  stop(): void;
} {
  const seen = Promise.withResolvers<void>();
  const watcher = watch(folder, (_event, file) => {
    if (file !== null && name.test(file)) seen.resolve();
  });
  return { seen: seen.promise, stop: () => watcher.close() };
}
