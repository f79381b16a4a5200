#!/usr/bin/env -S node --max-semi-space-size=2
// The young generation is kept small: it would grow to a hundred megabytes of nothing while chunks stream through.
// The only file that touches the process: its arguments, streams, signals and exit code.
import { enableCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';

// Compiled code (and stripped types) of later imports is kept on disk: more than halves the time of `--help`.
enableCompileCache();

// An archive's pages pass through: by itself V8 would look through the whole heap for every 8 MB of them, which takes a tenth of
// a backup's processor time. Now it does so for every 40 MB.
setFlagsFromString('--heap-growing-percent=200');

const { runCli } = await import('./lib/run-cli.ts');
const interruption = new AbortController();

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The first asks for a clean end; whoever sends a second wants no end but now.
    if (interruption.signal.aborted) process.exit(130);
    interruption.abort(new Error(`interrupted by ${signal}`));
  });
}

// A reader that has seen enough (`quackup list | head`) is no failure of ours.
process.stdout.on('error', (error) => {
  if ('code' in error && error.code === 'EPIPE') process.exit(0);
  throw error;
});

// What is told beside the result may find no reader (`quackup restore latest 2>&1 | true`); the work goes on without.
process.stderr.on('error', (error) => {
  if (!('code' in error) || error.code !== 'EPIPE') throw error;
});

const exitCode = await runCli(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  now: () => new Date(),
  signal: interruption.signal,
  onHangup: (listener) => {
    process.on('SIGHUP', listener);
    return { [Symbol.dispose]: () => void process.off('SIGHUP', listener) };
  },
});

for (const stream of [process.stdout, process.stderr]) {
  await new Promise((written) => stream.write('', written));
}
// The process ends by itself, as soon as nothing is open any more. `process.exit` would be shorter, but it joins V8's threads
// without ending the heap first: one that is compiling and waits for a garbage collection then waits for ever, and so does
// whoever started us (seen with Node 24.21, once in some hundred runs on a busy machine).
process.exitCode = exitCode;
// But what a target that hangs still holds open must not keep it. This fires only if something does.
const OPEN_FOR_MS = 500;
setTimeout(() => process.exit(exitCode), OPEN_FOR_MS).unref();
