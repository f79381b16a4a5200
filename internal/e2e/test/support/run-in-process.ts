import { Readable, Writable } from 'node:stream';

import { runCli } from 'quackup';

/** The command line without a process of its own: the same code from its arguments on. */
export async function runInProcess(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly json: unknown; readonly stderr: string }> {
  const stdout = collector();
  const stderr = collector();
  const status = await runCli(args, {
    stdin: Readable.from([]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    env: { ...process.env, ...env },
    cwd,
    now: () => new Date(),
    signal: new AbortController().signal,
  });
  return { status, json: JSON.parse(stdout.text()) as unknown, stderr: stderr.text() };
}

function collector(): { readonly stream: Writable; text(): string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}
