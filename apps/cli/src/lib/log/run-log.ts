import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

import { createStream } from 'rotating-file-stream';

export type LogLevel = 'info' | 'warning' | 'error';

export interface RunLogOptions {
  /** Absolute path. */
  readonly file: string;
  readonly format: 'text' | 'json';
  readonly maxMegabytes: number;
  /** Files that were moved aside (`quackup.log.1` is the newest) stay, so many. */
  readonly keep: number;
  /** In every line: tells the runs of a log apart. As text it is cut to eight characters. */
  readonly runId: string;
  readonly now: () => Date;
}

/** Facts that a line carries besides its message. */
export type LogFacts = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Lines about one run in a log file, which never grows without end. */
export class RunLog implements AsyncDisposable {
  readonly #options: RunLogOptions;
  readonly #stream: ReturnType<typeof createStream>;
  #failure: Error | undefined;

  private constructor(options: RunLogOptions, stream: ReturnType<typeof createStream>) {
    this.#options = options;
    this.#stream = stream;
    stream.on('error', (error) => {
      this.#failure ??= error;
    });
  }

  /** @throws Error if the file cannot be written. */
  static async open(options: RunLogOptions): Promise<RunLog> {
    const { file, maxMegabytes, keep } = options;
    const path = dirname(file);
    await mkdir(path, { recursive: true });
    const name = basename(file);
    const stream = createStream((index) => (index ? `${name}.${Number(index)}` : name), {
      path,
      size: `${maxMegabytes}M`,
      rotate: keep,
      mode: 0o600,
    });
    await once(stream, 'open');
    return new RunLog(options, stream);
  }

  get file(): string {
    return this.#options.file;
  }

  /** Why lines are missing: the disk is full, for one. That is no reason to end a run. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  write(level: LogLevel, message: string, facts: LogFacts = {}): void {
    if (this.#failure !== undefined) return;
    const { format, now, runId } = this.#options;
    const at = now().toISOString();
    const known = Object.entries(facts).filter(([, value]) => value !== undefined);
    const line =
      format === 'json'
        ? JSON.stringify({ ...Object.fromEntries(known), at, level, run: runId, message })
        : // A line break in a message would be taken for another line.
          `${at} ${level.padEnd(7)} ${runId.slice(0, 8)} ${[message, ...known.map(([key, value]) => `${key}=${JSON.stringify(value)}`)].join(' ').replaceAll(/[\r\n]+/g, ' | ')}`;
    this.#stream.write(`${line}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#stream.once('finish', resolve).once('error', () => resolve());
    });
    this.#stream.end();
    if (this.#failure === undefined) await closed;
  }
}
