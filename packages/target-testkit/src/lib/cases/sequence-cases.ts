import type { StorageTarget } from '@quackup/target-api';

import { ConformanceFailure, outcomeOf } from '../check.ts';
import type { ConformanceCase, ConformanceContext } from '../conformance-case.ts';
import { generator } from '../model/random.ts';
import { runSteps } from '../model/run-steps.ts';
import { shrink } from '../model/shrink.ts';
import { describeStep, randomSteps, type Step, type StepType } from '../model/step.ts';

const MAX_SHRINKING_RUNS = 60;

/** Random sequences of all operations on two connections, compared with a map, made short if they fail. */
export const sequenceCases: readonly ConformanceCase[] = [
  {
    id: 'model.sequences',
    sentence:
      'StorageTarget: after any sequence of operations on two connections it holds what a map would hold',
    safe: true,
    slow: 8,
    run: runSequences,
  },
];

async function runSequences(context: ConformanceContext): Promise<void> {
  const { target, large, seed } = context;
  const other = await context.reopen();
  const [sequences, length] = large ? [40, 50] : [6, 30];
  let runs = 0;
  const run = (steps: readonly Step[]): Promise<void> => {
    runs += 1;
    const folder = `${runs}/`;
    return runSteps(
      {
        targets: [target, other],
        prefix: context.prefix + folder,
        key: (name) => context.key(folder + name),
      },
      steps,
    );
  };
  for (let number = 0; number < sequences; number += 1) {
    const steps = randomSteps(generator(seed * 1000 + number), typesOf(target), length);
    const outcome = await outcomeOf(run(steps));
    if (outcome.ok) continue;
    const fails = async (candidate: readonly Step[]): Promise<boolean> =>
      !(await outcomeOf(run(candidate))).ok;
    const short = await shrink(steps, fails, MAX_SHRINKING_RUNS);
    const last = await outcomeOf(run(short));
    const error = last.ok ? outcome.error : last.error;
    const lines = [
      `sequence ${number + 1} of seed ${seed}: ${error instanceof Error ? error.message : String(error)}`,
    ];
    throw new ConformanceFailure([...lines, ...short.map(describeStep)].join('\n  '), { cause: error });
  }
}

/** Puts are more frequent, so that there is something to read and to remove. */
function typesOf(target: StorageTarget): readonly StepType[] {
  const { capabilities } = target;
  return [
    'put',
    'put',
    'put that fails',
    'get',
    'stat',
    'list',
    'delete',
    ...(capabilities.putIfAbsent ? (['put if-absent'] as const) : []),
    ...(capabilities.putIfMatch ? (['put if-match', 'put if-match'] as const) : []),
    ...(target.deleteMany === undefined ? [] : (['deleteMany'] as const)),
  ];
}
