import { Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';

import { type Config, EXIT } from '@quackup/core';

import { CommandContext } from '../command-context.ts';
import { daily } from '../commands/daily.ts';
import { describeError } from '../describe-error.ts';

/** How a run ended. */
export interface DaemonRun {
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  /** `skipped`: another run made up for it, or is at work. */
  readonly outcome: 'success' | 'warning' | 'failure' | 'skipped' | 'interrupted';
  /** As `quackup daily` would end with. */
  readonly exitCode: number;
  readonly backup: string | null;
  /** The first failure, or why there was no run. */
  readonly problem: string | null;
}

/** What is to be known of a report of `daily`. */
interface DailyAnswer {
  readonly outcome: 'success' | 'warning' | 'failure' | 'skipped';
  readonly backup?: { readonly backup: string };
  readonly problems?: readonly { readonly subject: string; readonly message: string }[];
}

/** After its time of grace a run is told to end; it has this long to do so, milliseconds. */
const MAX_ABORT_MS = 20_000;

/**
 * Runs `daily` in this process. When the daemon is to stop the run may go on for `graceMs`, and is then aborted as if interrupted:
 * nothing half-made is listed, and it is made up for at the next start.
 *
 * @returns how it ended. Does not reject.
 */
export async function runDailyOnce(
  context: CommandContext,
  config: Config,
  { graceMs, isStillDue }: { readonly graceMs: number; readonly isStillDue: () => Promise<boolean> },
): Promise<DaemonRun> {
  const { io, options } = context;
  const startedAt = io.now().toISOString();
  const startedMs = performance.now();
  const ending = new AbortController();
  const stop = (): void =>
    void wait(graceMs, undefined, { ref: false }).then(() => ending.abort(io.signal.reason));
  if (io.signal.aborted) stop();
  else io.signal.addEventListener('abort', stop, { once: true });
  const answer = new Answer();
  const inner = new CommandContext(
    { ...io, stdout: answer, signal: ending.signal },
    { ...options, json: true, quiet: true },
  );
  try {
    const exitCode = await Promise.race([daily(inner, {}, { config, isStillDue }), hangs(ending.signal)]);
    return { startedAt, durationMs: since(startedMs), exitCode, ...summary(answer.json) };
  } catch (error) {
    const { message, code, exitCode } = describeError(error);
    const outcome = ending.signal.aborted ? 'interrupted' : code === 'LEASE_HELD' ? 'skipped' : 'failure';
    return {
      startedAt,
      durationMs: since(startedMs),
      outcome,
      exitCode: outcome === 'interrupted' ? EXIT.interrupted : exitCode,
      backup: null,
      problem: outcome === 'interrupted' ? 'the daemon was stopped; the next one makes up for it' : message,
    };
  } finally {
    io.signal.removeEventListener('abort', stop);
  }
}

function since(startedMs: number): number {
  return Math.round(performance.now() - startedMs);
}

function summary({
  outcome,
  backup,
  problems = [],
}: DailyAnswer): Pick<DaemonRun, 'outcome' | 'backup' | 'problem'> {
  const [first] = problems;
  return {
    outcome,
    backup: backup?.backup ?? null,
    problem: first === undefined ? null : `${first.subject}: ${first.message}`,
  };
}

/** Rejects if somebody was told to end and has not. */
function hangs(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const late = (): void =>
      void wait(MAX_ABORT_MS, undefined, { ref: false }).then(() =>
        reject(new Error('the run did not end when it was told to')),
      );
    signal.addEventListener('abort', late, { once: true });
  });
}

/** Where `daily` prints its one document. */
class Answer extends Writable {
  #text = '';

  override _write(piece: Buffer, _encoding: string, done: () => void): void {
    this.#text += piece.toString();
    done();
  }

  get json(): DailyAnswer {
    return JSON.parse(this.#text) as DailyAnswer;
  }
}
