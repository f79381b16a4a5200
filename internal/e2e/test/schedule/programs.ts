import { type ChildProcess, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Programs of the system are not on everybody's PATH. */
export const SYSTEM_ENV: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
};

/**
 * Whether this test can use a program of the system. Where it must be there (`.ci/run` installs it, and sets
 * QUACKUP_TOOLS), a missing one is a failure and not a reason to skip.
 */
export function hasProgram(name: string): boolean {
  const found = (SYSTEM_ENV['PATH'] ?? '').split(':').some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (!found && process.env['QUACKUP_TOOLS'] === 'required') throw new Error(`there is no program ${name}`);
  return found;
}

export function runProgram(
  program: string,
  args: readonly string[],
  input = '',
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', input, env: SYSTEM_ENV });
  return { status, stdout, stderr };
}

/** Waits for the end of a process, also of one that has ended. */
export function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('close', () => resolve());
  });
}
