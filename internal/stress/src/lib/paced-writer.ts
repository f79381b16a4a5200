import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import type { PacedWriterRequest } from './protocol.ts';

const SCRIPT = fileURLToPath(new URL('../child/impact-writer.ts', import.meta.url));

const windowSchema = z.object({ latencies: z.array(z.number()), ms: z.number() });

/** The commits of a stretch of time: how long each took, and how long the stretch was, milliseconds. */
export type Window = z.infer<typeof windowSchema>;

/** A process that commits at a pace and measures each commit; of the newest engine. */
export class PacedWriter implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  constructor(request: Omit<PacedWriterRequest, 'engine'>) {
    const engine = createRequire(import.meta.url).resolve('@duckdb/node-api');
    this.#child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', SCRIPT, JSON.stringify({ ...request, engine })],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** The commits since the last call. */
  async window(): Promise<Window> {
    this.#child.stdin.write('window\n');
    const { value } = (await this.#lines.next()) as { value?: string };
    return windowSchema.parse(JSON.parse(value ?? ''));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }
}
