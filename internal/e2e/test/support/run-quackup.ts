import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** The command line's program. */
export const BIN: string = fileURLToPath(new URL('../../../../apps/cli/src/bin.ts', import.meta.url));

export interface CliRun {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What `--json` printed, and nothing else may have been; undefined without it. */
  readonly json: unknown;
}

/** A run of the command line that has not ended yet. */
export interface RunningCli {
  readonly child: ChildProcess;
  readonly ended: Promise<CliRun>;
}

/** Starts the real command line in a process of its own, `cwd` its working directory; `env` is added to this one's. */
export function startQuackup(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningCli {
  const child = spawn(process.execPath, ['--max-semi-space-size=2', BIN, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const collect = async (): Promise<CliRun> => {
    const [stdout, stderr, [status, signal]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null, string | null]>,
    ]);
    const json = args.includes('--json') && stdout !== '' ? (JSON.parse(stdout) as unknown) : undefined;
    return { status, signal, stdout, stderr, json };
  };
  return { child, ended: collect() };
}

/** Runs the real command line to its end. */
export function runQuackup(cwd: string, ...args: readonly string[]): Promise<CliRun> {
  return startQuackup(cwd, args).ended;
}
