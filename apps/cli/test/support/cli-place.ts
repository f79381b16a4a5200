import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';

import { runSql } from '@quackup/fixtures';

import { runCli } from '../../src/index.ts';

export interface CliResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly json: Record<string, unknown>;
}

/** A folder with a database, `a.duckdb`, and a configuration; a clock that is set by hand. */
export class CliPlace implements Disposable {
  readonly folder: string;
  now: Date = new Date('2026-01-01T02:00:00Z');
  env: NodeJS.ProcessEnv = {};

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** @param more Lines of the configuration besides databases, target and log. */
  static async create(more = ''): Promise<CliPlace> {
    const place = new CliPlace(mkdtempSync(join(tmpdir(), 'quackup-cli-')));
    await runSql(place.path('a.duckdb'), ['CREATE TABLE t AS SELECT i FROM range(1000) r(i)']);
    place.configure(more);
    return place;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  get state(): string {
    return this.path('state');
  }

  configure(more: string): void {
    writeFileSync(
      this.path('quackup.yaml'),
      `databases: [a.duckdb]\ntargets: { local: { type: local, path: b } }\nlog: { file: q.log, format: json }\nbackup: { tempDir: . }\n${more}`,
    );
  }

  /** The next day, at the same time. */
  tomorrow(days = 1): void {
    this.now = new Date(this.now.getTime() + days * 86_400_000);
  }

  async run(...args: readonly string[]): Promise<CliResult> {
    return this.runUntil(new AbortController().signal, ...args);
  }

  /** As people get it. */
  async runText(...args: readonly string[]): Promise<Omit<CliResult, 'json'>> {
    return this.#runCli(new AbortController().signal, args);
  }

  async runUntil(signal: AbortSignal, ...args: readonly string[]): Promise<CliResult> {
    const result = await this.#runCli(signal, [...args, '--json']);
    const { stdout } = result;
    return { ...result, json: stdout.startsWith('{') ? JSON.parse(stdout) : {} };
  }

  async #runCli(signal: AbortSignal, args: readonly string[]): Promise<Omit<CliResult, 'json'>> {
    const stdout = collector();
    const stderr = collector();
    const status = await runCli(args, {
      stdin: Readable.from([]),
      stdout: stdout.stream,
      stderr: stderr.stream,
      env: { ...process.env, XDG_STATE_HOME: this.state, HOME: this.folder, ...this.env },
      cwd: this.folder,
      now: () => this.now,
      signal,
    });
    return { status, stdout: stdout.text(), stderr: stderr.text() };
  }

  log(): Record<string, unknown>[] {
    const lines = readFileSync(this.path('q.log'), 'utf8').trim().split('\n');
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function collector(): { stream: Writable; text: () => string } {
  let text = '';
  const stream = new Writable({
    write(piece: Buffer, _encoding, done) {
      text += piece.toString();
      done();
    },
  });
  return { stream, text: () => text };
}
