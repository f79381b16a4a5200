/** Debian's `age`, run on files. */
import { spawn, spawnSync } from 'node:child_process';

import { whyNoPrograms } from '@quackup/fixtures';

/** Why `age` cannot be used here, or undefined. */
export const noAge: string | undefined = whyNoPrograms('age', 'age-keygen');

/** `age-keygen` writes a file of identities and nothing else. */
export function ageKeygen(file: string): void {
  succeed('age-keygen', ['-o', file]);
}

/** Runs `age` once for every line of a shell script, in one shell: a thousand starts are the same, but quicker. */
export function shell(script: string): void {
  // On stdin: as an argument a thousand lines would be too long.
  succeed('sh', ['-eu', '-s'], script);
}

function succeed(command: string, args: readonly string[], input = ''): void {
  const { status, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    input,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
}

/**
 * Runs `age` on a terminal of its own, which it wants for passphrases, and types the passphrase whenever it asks.
 *
 * @returns its exit code and what stood on the terminal.
 */
export async function ageWithPassphrase(
  command: string,
  passphrase: string,
): Promise<{ readonly code: number | null; readonly screen: string }> {
  const child = spawn('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let screen = '';
  let answered = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    const asked = screen.match(/passphrase[^\n]*: /gi)?.length ?? 0;
    for (; answered < asked; answered += 1) child.stdin.write(`${passphrase}\n`);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  return { code, screen };
}
