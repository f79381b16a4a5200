import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Where the command line's own output goes. */
export type ChildOutput = 'inherit' | 'ignore';

const CLI = fileURLToPath(new URL('../../../../apps/cli/src/bin.ts', import.meta.url));

/** Runs the real command line in a process of its own and gives its exit code; 1 if it was killed. */
export async function runQuackup(
  args: readonly string[],
  output: ChildOutput,
  cli: string = CLI,
): Promise<number> {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', output, output] });
  const [code] = await once(child, 'close');
  return typeof code === 'number' ? code : 1;
}
