/**
 * The command line with its start-up behind it: loads everything, says `warm`, and waits for its arguments as a line of
 * JSON on stdin. Says `began` right before the command runs and `ended <exit code>` after it; the command's own output
 * goes to stderr.
 */
import { once } from 'node:events';
import { enableCompileCache } from 'node:module';
import { createInterface } from 'node:readline';

// As bin.ts does, before anything else is loaded: the start takes half as long.
enableCompileCache();

const { runCli } = await import('quackup');
const { z } = await import('zod');

const request = z.object({ cwd: z.string(), args: z.array(z.string()) });

// What a command imports lazily is imported by then; a target that is not local would still have to be.
await Promise.all([
  import('../../../../apps/cli/src/lib/commands/backup.ts'),
  import('../../../../apps/cli/src/lib/commands/restore.ts'),
  import('../../../../apps/cli/src/lib/commands/cleanup.ts'),
  import('@quackup/target-local'),
]);

const lines = createInterface({ input: process.stdin });
const asked = once(lines, 'line');
process.stdout.write('warm\n');
const { cwd, args } = request.parse(JSON.parse(String((await asked)[0])));
process.stdout.write('began\n');
const exitCode = await runCli(args, {
  stdin: process.stdin,
  stdout: process.stderr,
  stderr: process.stderr,
  env: process.env,
  cwd,
  now: () => new Date(),
  signal: new AbortController().signal,
});
process.stdout.write(`ended ${exitCode}\n`);
lines.close();
