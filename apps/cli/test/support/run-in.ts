import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';

import { runCli } from '../../src/index.ts';

export interface RunResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line in this process, with `folder` as working directory and home. */
export async function runIn(
  folder: string,
  args: readonly string[],
  now: () => Date = () => new Date(),
): Promise<RunResult> {
  const collected = { stdout: '', stderr: '' };
  const into = (name: 'stdout' | 'stderr'): Writable =>
    new Writable({
      write(piece: Buffer, _encoding, done) {
        collected[name] += piece.toString();
        done();
      },
    });
  const status = await runCli(args, {
    stdin: Readable.from([]),
    stdout: into('stdout'),
    stderr: into('stderr'),
    env: { ...process.env, XDG_STATE_HOME: join(folder, 'state'), HOME: folder },
    cwd: folder,
    now,
    signal: new AbortController().signal,
  });
  return { status, ...collected };
}

/** As {@link runIn} with `--json`, which must print one document. */
export async function runJson(
  folder: string,
  args: readonly string[],
  now?: () => Date,
): Promise<{ readonly status: number; readonly json: unknown }> {
  const { status, stdout } = await runIn(folder, [...args, '--json'], now);
  return { status, json: JSON.parse(stdout) as unknown };
}
