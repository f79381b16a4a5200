/** Scenario after scenario: a writer writes, copies are taken, each copy is checked. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Rules } from '@quackup/core/internal';

import { Checker } from './checker.ts';
import { type Copy, type Method, removeCopy, takeCopy } from './copy.ts';
import { type Engine, LATEST_STORAGE } from './engines.ts';
import type { WriterRequest } from './protocol.ts';
import { Random } from './random.ts';
import type { Scenario } from './scenarios.ts';
import { slowDiskLibrary } from './slow-disk.ts';
import type { Attempt } from './summary.ts';
import { judgeCopy } from './verdict.ts';
import { WriterProcess } from './writer-process.ts';

/** Copies that are taken one after another before they are checked. */
const COPIES_PER_BURST = 4;
/** How long a writer works before the first copy, and at most between two. Nothing depends on it but what the copies meet. */
const WARM_UP_MS = 2_000;
const MOST_BETWEEN_MS = 80;

export interface StressOptions {
  readonly seed: number;
  /** Ends after so many seconds, or so many accepted copies, whichever comes first. */
  readonly seconds: number;
  readonly copies: number;
  readonly engines: ReadonlyMap<Engine, string>;
  readonly storage: readonly ('default' | 'latest')[];
  readonly scenarios: readonly Scenario[];
  /** Databases at a time, each with its writer. */
  readonly jobs: number;
  /** Keep the folder of a run with a bad copy. */
  readonly keepBad: boolean;
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
  const endMs = performance.now() + options.seconds * 1000;
  const attempts: Attempt[] = [];
  const isOver = (): boolean =>
    options.signal?.aborted === true ||
    performance.now() > endMs ||
    attempts.filter(({ outcome }) => outcome !== 'given up').length >= options.copies;
  const folder = await mkdtemp(join(options.folder, 'quackup-stress-'));
  const work = async (job: number): Promise<void> => {
    const random = new Random(options.seed + job * 104_729);
    await using checker = new Checker();
    while (!isOver()) {
      const engine = random.pick([...options.engines.keys()]);
      const storage = random.pick(options.storage);
      const scenario = random.pick(options.scenarios);
      const run = new Run({ ...options, folder }, checker, {
        engine,
        storage,
        scenario,
        seed: random.below(2 ** 31),
      });
      for await (const attempt of run.attempts(isOver)) {
        attempts.push(attempt);
        options.onAttempt(attempt);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: options.jobs }, (_, job) => work(job)));
  } finally {
    const isKept = options.keepBad && attempts.some(({ outcome }) => outcome === 'bad');
    if (!isKept) await rm(folder, { recursive: true, force: true });
  }
  return attempts;
}

interface RunPlan {
  readonly engine: Engine;
  readonly storage: 'default' | 'latest';
  readonly scenario: Scenario;
  readonly seed: number;
}

/** A copy that was taken and is not checked yet, or an attempt that was given up. */
type Taken =
  | {
      readonly outcome: 'taken';
      readonly copy: Copy;
      readonly to: string;
      readonly acknowledged: readonly number[];
      readonly begun: readonly number[];
    }
  | { readonly outcome: 'given up'; readonly ms: number; readonly reason: string };

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
    const { scenario, seed } = this.#plan;
    const folder = await mkdtemp(join(this.#options.folder, 'stress-'));
    const path = join(folder, 'live.duckdb');
    const perBurst = scenario.killEvery ?? COPIES_PER_BURST;
    let keep = false;
    const random = new Random(seed);
    let writer = await this.#startWriter(path);
    try {
      // A database that is a few commits old is a WAL and little else.
      await sleep(WARM_UP_MS);
      for (let number = 0; number < this.#options.copiesPerRun && !isOver(); number += perBurst) {
        if (number > 0) writer = await this.#goOn(path, writer);
        const burst: Taken[] = [];
        for (let k = 1; k <= perBurst; k += 1) {
          await sleep(random.below(MOST_BETWEEN_MS));
          if (k === scenario.killEvery) await writer.kill();
          else writer.checkAlive();
          burst.push(await this.#take(path, join(folder, `copy-${number + k}.duckdb`), writer));
        }
        // Copies are taken while it writes, and checked while it does not: it would take the processor from the check.
        writer.pause();
        for (const taken of burst) {
          const attempt = await this.#check(taken);
          if (attempt.outcome === 'bad') keep ||= this.#options.keepBad;
          yield attempt.outcome === 'bad' && keep
            ? { ...attempt, wrong: [...attempt.wrong, `kept in ${folder}, seed ${seed}`] }
            : attempt;
        }
      }
    } finally {
      await writer.kill();
      if (!keep) await rm(folder, { recursive: true, force: true });
    }
  }

  /** The writer writes again, the same one or one that takes the place of the one that was killed, and has committed. */
  async #goOn(path: string, writer: WriterProcess): Promise<WriterProcess> {
    if (this.#plan.scenario.killEvery !== undefined) return this.#startWriter(path, writer);
    writer.goOn();
    return writer;
  }

  async #startWriter(path: string, from?: WriterProcess): Promise<WriterProcess> {
    const { syncMs, syncEnding, writeMs } = this.#plan.scenario;
    const preload =
      syncMs === undefined
        ? undefined
        : { path: slowDiskLibrary(this.#options.folder), syncMs, syncEnding, writeMs };
    return WriterProcess.start(this.#request(path), { from, preload });
  }

  async #take(path: string, to: string, writer: WriterProcess): Promise<Taken> {
    const { method, rules, waitMs, folder } = this.#options;
    const slowMs = this.#plan.scenario.slowMs ?? 0;
    const acknowledged = writer.acknowledged;
    const startMs = performance.now();
    try {
      const copy = await takeCopy(path, to, { method, folder, waitMs, rules, slowMs });
      await writer.heard();
      return { outcome: 'taken', copy, to, acknowledged, begun: writer.begun };
    } catch (error) {
      await removeCopy(to);
      const reason = (error as Error).message;
      return { outcome: 'given up', ms: performance.now() - startMs, reason };
    }
  }

  async #check(taken: Taken): Promise<Attempt> {
    const { method, engines } = this.#options;
    const { engine, storage, scenario } = this.#plan;
    const base = { engine, storage, scenario: scenario.name };
    if (taken.outcome === 'given up') {
      const { ms, reason } = taken;
      return { ...base, ms, passes: 0, readRatio: 0, outcome: 'given up', wrong: [reason] };
    }
    const answer = await this.#checker.check({
      path: taken.to,
      engine: engines.get(engine) ?? '',
      connections: scenario.connections,
      indexes: scenario.indexes,
    });
    const wrong = judgeCopy(answer, taken.acknowledged, taken.begun);
    if (wrong.length === 0 || method !== 'quackup') await removeCopy(taken.to);
    return { ...base, ...taken.copy, outcome: wrong.length === 0 ? 'good' : 'bad', wrong };
  }

  #request(path: string): WriterRequest {
    const { engine, storage, scenario, seed } = this.#plan;
    return {
      path,
      engine: this.#options.engines.get(engine) ?? '',
      ...(storage === 'latest' && { storage: LATEST_STORAGE[engine] }),
      seed,
      connections: scenario.connections,
      readers: scenario.readers ?? 0,
      ...(scenario.threshold !== undefined && { threshold: scenario.threshold }),
      ...(scenario.rate !== undefined && { rate: scenario.rate }),
      indexes: scenario.indexes,
      loadRows: [...scenario.loadRows],
      mix: { ...scenario.mix },
    };
  }
}
