/** Scenario after scenario: a writer writes, copies are taken, each copy is checked. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Rules } from '@quackup/core/internal';

import { Checker } from './checker.ts';
import { type Method, removeCopy, takeCopy } from './copy.ts';
import { type Engine, LATEST_STORAGE } from './engines.ts';
import type { WriterRequest } from './protocol.ts';
import { Random } from './random.ts';
import { type Scenario, SCENARIOS } from './scenarios.ts';
import type { Attempt } from './summary.ts';
import { judgeCopy } from './verdict.ts';
import { WriterProcess } from './writer-process.ts';

export interface StressOptions {
  readonly seed: number;
  /** Ends after so many seconds, or so many accepted copies, whichever comes first. */
  readonly seconds: number;
  readonly copies: number;
  readonly engines: ReadonlyMap<Engine, string>;
  readonly storage: readonly ('default' | 'latest')[];
  readonly scenarios: readonly string[];
  /** Copies of one database before the next one is begun. */
  readonly copiesPerRun: number;
  readonly method: Method;
  readonly rules: Rules;
  readonly waitMs: number;
  /** Folder for databases and copies. */
  readonly folder: string;
  readonly onAttempt: (attempt: Attempt) => void;
  readonly signal?: AbortSignal;
}

export async function stress(options: StressOptions): Promise<Attempt[]> {
  const random = new Random(options.seed);
  const endMs = performance.now() + options.seconds * 1000;
  const attempts: Attempt[] = [];
  const wanted = SCENARIOS.filter(({ name }) => options.scenarios.includes(name));
  await using checker = new Checker();
  const isOver = (): boolean =>
    options.signal?.aborted === true ||
    performance.now() > endMs ||
    attempts.filter(({ outcome }) => outcome !== 'given up').length >= options.copies;
  while (!isOver()) {
    const engine = random.pick([...options.engines.keys()]);
    const storage = random.pick(options.storage);
    const scenario = random.pick(wanted);
    const run = new Run(options, checker, { engine, storage, scenario, seed: random.below(2 ** 31) });
    for await (const attempt of run.attempts(isOver)) {
      attempts.push(attempt);
      options.onAttempt(attempt);
    }
  }
  return attempts;
}

interface RunPlan {
  readonly engine: Engine;
  readonly storage: 'default' | 'latest';
  readonly scenario: Scenario;
  readonly seed: number;
}

/** One database with one writer. */
class Run {
  readonly #options: StressOptions;
  readonly #checker: Checker;
  readonly #plan: RunPlan;

  constructor(options: StressOptions, checker: Checker, plan: RunPlan) {
    this.#options = options;
    this.#checker = checker;
    this.#plan = plan;
  }

  async *attempts(isOver: () => boolean): AsyncGenerator<Attempt, void, undefined> {
    const { scenario } = this.#plan;
    const folder = await mkdtemp(join(this.#options.folder, 'stress-'));
    const path = join(folder, 'live.duckdb');
    let keep = false;
    let writer = await WriterProcess.start(this.#request(path));
    try {
      for (let number = 1; number <= this.#options.copiesPerRun && !isOver(); number += 1) {
        const killed = scenario.killEvery !== undefined && number % scenario.killEvery === 0;
        if (killed) await writer.kill();
        else writer.checkAlive();
        const attempt = await this.#attempt(path, join(folder, `copy-${number}.duckdb`), writer);
        if (attempt.outcome === 'bad') keep = this.#options.method === 'quackup';
        yield attempt.outcome === 'bad' && keep
          ? { ...attempt, wrong: [...attempt.wrong, `kept in ${folder}, seed ${this.#plan.seed}`] }
          : attempt;
        if (killed) writer = await WriterProcess.start(this.#request(path), writer);
      }
    } finally {
      await writer.kill();
      if (!keep) await rm(folder, { recursive: true, force: true });
    }
  }

  async #attempt(path: string, to: string, writer: WriterProcess): Promise<Attempt> {
    const { method, rules, waitMs, engines, folder } = this.#options;
    const { engine, storage, scenario } = this.#plan;
    const base = { engine, storage, scenario: scenario.name };
    const acknowledged = writer.acknowledged;
    const startMs = performance.now();
    try {
      const copy = await takeCopy(path, to, { method, folder, waitMs, rules, slowMs: scenario.slowMs ?? 0 });
      const begun = writer.begun;
      const answer = await this.#checker.check({
        path: to,
        engine: engines.get(engine) ?? '',
        connections: scenario.connections,
        indexes: scenario.indexes,
      });
      const wrong = judgeCopy(answer, acknowledged, begun);
      if (wrong.length === 0 || method !== 'quackup') await removeCopy(to);
      return { ...base, ...copy, outcome: wrong.length === 0 ? 'good' : 'bad', wrong };
    } catch (error) {
      await removeCopy(to);
      const ms = performance.now() - startMs;
      return { ...base, ms, passes: 0, readRatio: 0, outcome: 'given up', wrong: [(error as Error).message] };
    }
  }

  #request(path: string): WriterRequest {
    const { engine, storage, scenario, seed } = this.#plan;
    return {
      path,
      engine: this.#options.engines.get(engine) ?? '',
      ...(storage === 'latest' && { storage: LATEST_STORAGE[engine] }),
      seed,
      connections: scenario.connections,
      ...(scenario.threshold !== undefined && { threshold: scenario.threshold }),
      indexes: scenario.indexes,
      loadRows: [...scenario.loadRows],
      mix: { ...scenario.mix },
    };
  }
}
