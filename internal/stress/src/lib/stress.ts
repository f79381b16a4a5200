/** Run after run, as the seed chooses them. */
import { type Attempt, isAccepted } from './attempt.ts';
import { Checker } from './checker.ts';
import type { Engine } from './engines.ts';
import { Random } from './random.ts';
import { Run, type RunOptions, type RunPlan } from './run.ts';
import type { Scenario } from './scenarios.ts';

export interface StressOptions extends RunOptions {
  readonly seed: number;
  /** Ends after so many seconds, or so many accepted copies, whichever comes first. */
  readonly seconds: number;
  readonly copies: number;
  /** Engines that write; those of `engines` that are newer may check. */
  readonly writers: readonly Engine[];
  readonly storage: readonly ('default' | 'latest')[];
  readonly scenarios: readonly Scenario[];
  /** Only this run, again and again. */
  readonly plan?: RunPlan | undefined;
  readonly onAttempt: (attempt: Attempt) => void;
}

export async function stress(options: StressOptions): Promise<Attempt[]> {
  const endMs = performance.now() + options.seconds * 1000;
  const attempts: Attempt[] = [];
  await using checker = new Checker();
  const isOver = (): boolean =>
    options.signal?.aborted === true ||
    performance.now() > endMs ||
    attempts.filter(isAccepted).length >= options.copies;
  for (const plan of plans(options)) {
    if (isOver()) break;
    for await (const attempt of new Run(options, checker, plan).attempts(isOver)) {
      attempts.push(attempt);
      options.onAttempt(attempt);
    }
  }
  return attempts;
}

/** Every combination comes up once, in an order that the seed chooses, before any comes up again. */
export function* plans(
  options: Pick<StressOptions, 'seed' | 'writers' | 'storage' | 'scenarios' | 'plan'>,
): Generator<RunPlan> {
  const random = new Random(options.seed);
  for (;;) {
    const round =
      options.plan === undefined
        ? options.scenarios.flatMap((scenario) =>
            options.writers.flatMap((engine) =>
              options.storage.map((storage) => ({
                engine,
                storage,
                scenario,
                seed: random.below(2 ** 31),
              })),
            ),
          )
        : [options.plan];
    while (round.length > 0) yield* round.splice(random.below(round.length), 1);
  }
}
