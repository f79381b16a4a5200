import { spawn } from 'node:child_process';
import { homedir, userInfo } from 'node:os';

import { ScheduleError } from './schedule-error.ts';

export interface ProgramResult {
  /** -1 if it could not be started or was killed. */
  readonly status: number;
  /** There is no such program. */
  readonly isMissing?: boolean;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** What a scheduler touches of a machine. Tests bring their own. */
export interface Machine {
  /** Runs a program, never through a shell. `input` is its standard input. Does not reject. */
  readonly run: (program: string, args: readonly string[], input?: Uint8Array) => Promise<ProgramResult>;
  /** Absolute. */
  readonly home: string;
  /** Where the system's files are: `/`. */
  readonly root: string;
  /** -1 on Windows. */
  readonly uid: number;
  /** `XDG_CONFIG_HOME`, if it is set. */
  readonly configHome?: string | undefined;
  /** IANA name of its time zone. */
  readonly timeZone: string;
}

const MAX_RUN_MS = 30_000;

/** This machine. */
export function thisMachine(env: NodeJS.ProcessEnv = process.env): Machine {
  return {
    run: (program, args, input) => runProgram(program, args, { input, env }),
    home: homedir(),
    root: '/',
    uid: userInfo().uid,
    configHome: env['XDG_CONFIG_HOME'],
    timeZone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

function runProgram(
  program: string,
  args: readonly string[],
  { input, env }: { input: Uint8Array | undefined; env: NodeJS.ProcessEnv },
): Promise<ProgramResult> {
  const { promise, resolve } = Promise.withResolvers<ProgramResult>();
  const out: Uint8Array[] = [];
  const err: Uint8Array[] = [];
  const done = (status: number, problem = '', isMissing = false): void =>
    resolve({
      status,
      stdout: Buffer.concat(out),
      stderr: Buffer.concat(err).toString() + problem,
      ...(isMissing && { isMissing }),
    });
  // Messages are looked at, so they must be in one language.
  const child = spawn(program, args, {
    env: { ...env, LC_ALL: 'C' },
    timeout: MAX_RUN_MS,
    windowsHide: true,
  });
  child.stdout.on('data', (chunk: Uint8Array) => out.push(chunk));
  child.stderr.on('data', (chunk: Uint8Array) => err.push(chunk));
  child.on('error', (error) => done(-1, error.message, 'code' in error && error.code === 'ENOENT'));
  child.on('close', (status) => done(status ?? -1, status === null ? 'it was killed or took too long' : ''));
  // It may end without reading; its status says what there is to say.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return promise;
}

/** @throws MISSING if there is no such program; FAILED if it does not end well. */
export async function runOrThrow(
  machine: Machine,
  program: string,
  args: readonly string[],
  input?: Uint8Array,
): Promise<Buffer> {
  const { status, stdout, stderr, isMissing } = await machine.run(program, args, input);
  if (status === 0) return stdout;
  if (isMissing === true)
    throw new ScheduleError('MISSING', `there is no program ${program} here`, 'use another method');
  throw new ScheduleError(
    'FAILED',
    `\`${[program, ...args].join(' ')}\` failed: ${stderr.trim() || `exit code ${status}`}`,
    `check that ${program} is there and that this user may use it`,
  );
}
