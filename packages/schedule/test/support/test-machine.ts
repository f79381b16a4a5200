import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Machine, ProgramResult } from '../../src/index.ts';

export interface TestMachine extends Machine, AsyncDisposable {
  /** Every program that was run, with its arguments. */
  readonly ran: string[];
}

/** For what only reads facts of a machine. */
export const MACHINE: Machine = {
  run: () => Promise.reject(new Error('nothing is to be run')),
  home: '/home/duck',
  root: '/',
  uid: 501,
  timeZone: 'UTC',
};

type Answer = Partial<{ status: number; stdout: string | Buffer; stderr: string }>;

/** A machine of folders of its own, whose programs are `answer`. */
export async function testMachine(
  answer: (program: string, args: readonly string[], input?: Uint8Array) => Answer = () => ({}),
): Promise<TestMachine> {
  const folder = await mkdtemp(join(tmpdir(), 'quackup-schedule-'));
  const ran: string[] = [];
  return {
    ran,
    home: join(folder, 'home'),
    root: join(folder, 'root'),
    uid: 501,
    timeZone: 'UTC',
    run: (program, args, input): Promise<ProgramResult> => {
      ran.push([program, ...args].join(' '));
      const { status = 0, stdout = '', stderr = '' } = answer(program, args, input);
      return Promise.resolve({ status, stdout: Buffer.from(stdout), stderr });
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** `crontab` of one user, which keeps what it is given. */
export async function cronMachine(
  before?: string | Buffer,
): Promise<TestMachine & { readonly crontab: () => Buffer | undefined }> {
  let crontab = before === undefined ? undefined : Buffer.from(before);
  const machine = await testMachine((_program, args, input) => {
    if (args.at(-1) === '-') {
      crontab = Buffer.from(input ?? []);
      return {};
    }
    return crontab === undefined ? { status: 1, stderr: 'no crontab for quack\n' } : { stdout: crontab };
  });
  return { ...machine, crontab: () => crontab };
}
