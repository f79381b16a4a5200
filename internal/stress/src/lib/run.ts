/** One database with one writer: copies are taken, each is checked. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { QuackupError } from '@quackup/core';
import type { Rules } from '@quackup/core/internal';

import type { Attempt } from './attempt.ts';
import type { Checker } from './checker.ts';
import { copyAtRest, type Method, removeCopy, takeCopy } from './copy.ts';
import { type Engine, latestStorage, versionOf } from './engines.ts';
import type { CheckAnswer, WriterRequest } from './protocol.ts';
import { Random } from './random.ts';
import type { Scenario } from './scenarios.ts';
import { judgeCopy } from './verdict.ts';
import { WriterProcess } from './writer-process.ts';

/** What is the same for all runs. */
export interface RunOptions {
  readonly engines: ReadonlyMap<Engine, string>;
  /** Copies of one database. */
  readonly copiesPerRun: number;
  readonly method: Method;
  /** Rules that are switched off, and what is left. */
  readonly without: readonly string[];
  readonly rules: Rules;
  readonly waitMs: number;
  /** Folder for databases and copies. */
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
}

export interface RunPlan {
  readonly engine: Engine;
  readonly storage: 'default' | 'latest';
  readonly scenario: Scenario;
  readonly seed: number;
}

/** When the writer ends, seen from a copy. */
type Ending = 'not' | 'before' | 'during';

/** Copies in a row of which one is taken after the writer has ended, and one while it ends. */
const ENDING_CYCLE = 4;
const ENDING_MS = 200;

export class Run {
  readonly #options: RunOptions;
  readonly #checker: Checker;
  readonly #plan: RunPlan;
  readonly #random: Random;

  constructor(options: RunOptions, checker: Checker, plan: RunPlan) {
    this.#options = options;
    this.#checker = checker;
    this.#plan = plan;
    this.#random = new Random(plan.seed);
  }

  /** What is bad although all rules hold is kept, as it was before it was opened. */
  async *attempts(isOver: () => boolean): AsyncGenerator<Attempt, void, undefined> {
    const folder = await mkdtemp(join(this.#options.folder, 'stress-'));
    const path = join(folder, 'live.duckdb');
    let keep = false;
    let writer = await WriterProcess.start(this.#request(path));
    try {
      for (let number = 1; number <= this.#options.copiesPerRun && !isOver(); number += 1) {
        const ending = this.#endingAt(number);
        if (ending === 'before') await this.#end(writer);
        else writer.checkAlive();
        const to = join(folder, `copy-${number}.duckdb`);
        const [attempt, next] = await this.#attempt(path, to, writer, ending);
        keep ||= this.#isUnexpected(attempt);
        yield attempt;
        if (next === undefined) break;
        writer = next;
      }
    } finally {
      await writer.kill();
      if (!keep) await rm(folder, { recursive: true, force: true });
    }
  }

  /** Also returns the writer to go on with; undefined if it cannot open its database any more. */
  async #attempt(
    path: string,
    to: string,
    writer: WriterProcess,
    ending: Ending,
  ): Promise<[Attempt, WriterProcess | undefined]> {
    const { acknowledged } = writer;
    // Taken first: a writer that starts again changes what the one before has left.
    const left = ending === 'before' ? `${to}.left` : undefined;
    if (left !== undefined) await copyAtRest(path, left);
    const copying = this.#copy(path, to);
    let next: WriterProcess | undefined = writer;
    if (ending === 'during') next = await this.#endAndStart(path, writer);
    const copied = await copying;
    const begun = (next ?? writer).begun;
    const attempt = await this.#judge(copied, to, { acknowledged, begun, left });
    if (left !== undefined) {
      await removeCopy(left);
      next = await this.#start(path, writer);
    }
    if (next !== undefined) return [attempt, next];
    const lost = [...attempt.wrong, { kind: 'source lost', what: 'the writer cannot open its database' }];
    return [{ ...attempt, outcome: attempt.outcome === 'good' ? 'good' : 'source lost', wrong: lost }, undefined];
  }

  /** The copy, or why there is none. */
  async #copy(path: string, to: string): Promise<Pick<Attempt, Measured> & { readonly error?: unknown }> {
    const { method, rules, waitMs, folder, signal } = this.#options;
    const slowMs = this.#plan.scenario.slowMs ?? 0;
    const startMs = performance.now();
    try {
      return await takeCopy(path, to, { method, folder, waitMs, rules, slowMs, signal });
    } catch (error) {
      return { ms: performance.now() - startMs, passes: 0, readRatio: 0, bytes: 0, error };
    }
  }

  async #judge(
    { error, ...copy }: Awaited<ReturnType<Run['#copy']>>,
    to: string,
    seen: {
      readonly acknowledged: readonly number[];
      readonly begun: readonly number[];
      readonly left: string | undefined;
    },
  ): Promise<Attempt> {
    const { engine, storage, scenario, seed } = this.#plan;
    const { method, without } = this.#options;
    const checkedBy = this.#random.pick([engine, engine, ...this.#newerEngines()]);
    const base = { engine, storage, scenario: scenario.name, seed, method, without: [...without], checkedBy };
    if (error !== undefined) {
      const kind = error instanceof QuackupError ? error.code : 'error';
      const outcome = kind === 'DATABASE_NOT_AT_REST' ? 'given up' : 'error';
      return { ...base, ...copy, outcome, wrong: [{ kind, what: String(error) }] };
    }
    const original = `${to}.original`;
    if (this.#mustBeGood()) await copyAtRest(to, original);
    const wrong = judgeCopy(await this.#check(to, checkedBy), seen.acknowledged, seen.begun);
    if (wrong.length === 0) {
      await removeCopy(original);
      await removeCopy(to);
      return { ...base, ...copy, outcome: 'good', wrong: [] };
    }
    if (!this.#mustBeGood()) await removeCopy(to);
    if (seen.left !== undefined && (await this.#check(seen.left, checkedBy)).wrong.length > 0) {
      return { ...base, ...copy, outcome: 'source lost', wrong };
    }
    if (this.#mustBeGood()) wrong.push({ kind: 'kept', what: original } as never);
    return { ...base, ...copy, outcome: 'bad', wrong };
  }

  #check(path: string, engine: Engine): Promise<CheckAnswer> {
    const { connections, indexes } = this.#plan.scenario;
    return this.#checker.check({
      path,
      engine: this.#options.engines.get(engine) ?? '',
      version: versionOf(engine),
      connections,
      indexes,
    });
  }

  #mustBeGood(): boolean {
    return this.#options.method === 'quackup' && this.#options.without.length === 0;
  }

  #isUnexpected({ outcome }: Attempt): boolean {
    return this.#mustBeGood() && (outcome === 'bad' || outcome === 'error' || outcome === 'source lost');
  }

  #newerEngines(): Engine[] {
    return [...this.#options.engines.keys()].filter((each) => each > this.#plan.engine);
  }

  #endingAt(number: number): Ending {
    if (this.#plan.scenario.ends === undefined) return 'not';
    if (number % ENDING_CYCLE === 0) return 'before';
    return number % ENDING_CYCLE === 2 ? 'during' : 'not';
  }

  async #end(writer: WriterProcess): Promise<void> {
    if (this.#plan.scenario.ends === 'closed') await writer.close();
    else await writer.kill();
  }

  async #endAndStart(path: string, writer: WriterProcess): Promise<WriterProcess | undefined> {
    await sleep(this.#random.below(ENDING_MS));
    await this.#end(writer);
    return this.#start(path, writer);
  }

  async #start(path: string, from: WriterProcess): Promise<WriterProcess | undefined> {
    return WriterProcess.start(this.#request(path, this.#random.below(2 ** 31)), from).catch(
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        return undefined;
      },
    );
  }

  #request(path: string, seed: number = this.#plan.seed): WriterRequest {
    const { engine, storage, scenario } = this.#plan;
    return {
      path,
      engine: this.#options.engines.get(engine) ?? '',
      ...(storage === 'latest' && { storage: latestStorage(engine) }),
      seed,
      connections: scenario.connections,
      ...(scenario.threshold !== undefined && { threshold: scenario.threshold }),
      indexes: scenario.indexes,
      loadRows: [...scenario.loadRows],
      mix: { ...scenario.mix },
    };
  }
}

type Measured = 'ms' | 'passes' | 'readRatio' | 'bytes';
