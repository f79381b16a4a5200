/** `pnpm stress`: see README.md. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { type Attempt, isAccepted } from './lib/attempt.ts';
import { METHODS } from './lib/copy.ts';
import { ALL_ENGINES, enginePaths } from './lib/engines.ts';
import { appendResult, readResults } from './lib/results-file.ts';
import { DROPPABLE, rulesWithout } from './lib/rules.ts';
import type { RunPlan } from './lib/run.ts';
import { type Scenario, SCENARIOS } from './lib/scenarios.ts';
import { stress } from './lib/stress.ts';
import { summarize, summarizeEngines } from './lib/summary.ts';

const STORAGE = ['default', 'latest'] as const;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    copies: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    engines: { type: 'string', default: ALL_ENGINES.join(',') },
    storage: { type: 'string', default: STORAGE.join(',') },
    scenarios: { type: 'string' },
    /** engine/storage/scenario/seed, as it is printed with what failed. */
    run: { type: 'string' },
    'copies-per-run': { type: 'string', default: '12' },
    method: { type: 'string', default: 'quackup' },
    without: { type: 'string', default: '' },
    'expect-failures': { type: 'boolean', default: false },
    wait: { type: 'string', default: '30' },
    folder: { type: 'string', default: tmpdir() },
    'engine-folder': { type: 'string', default: join(tmpdir(), 'quackup-stress-engines') },
    json: { type: 'string' },
    /** Only prints what is in the file of --json. */
    report: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});

function choice<Value extends string>(option: string, text: string, known: readonly Value[]): Value[] {
  return text
    .split(',')
    .filter((each) => each !== '')
    .map((each) => {
      const found = known.find((value) => value === each);
      if (found === undefined)
        throw new Error(`--${option}: there is no "${each}"; there are: ${known.join(' | ')}`);
      return found;
    });
}

function count(option: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0) return number;
  throw new Error(`--${option}: "${text}" is not a whole number`);
}

/** Names have commas in them. */
function chosenScenarios(without: readonly string[]): Scenario[] {
  const fitting = without.flatMap((rule) => DROPPABLE[rule]?.scenarios ?? []);
  if (values.scenarios === undefined && fitting.length === 0)
    return SCENARIOS.filter(({ provokes }) => provokes !== true);
  const names = values.scenarios?.split(';') ?? fitting;
  for (const name of names) choiceOfScenario(name);
  return SCENARIOS.filter(({ name }) => names.includes(name));
}

function choiceOfScenario(name: string): Scenario {
  const scenario = SCENARIOS.find((each) => each.name === name);
  if (scenario !== undefined) return scenario;
  throw new Error(
    `there is no scenario "${name}"; there are: ${SCENARIOS.map((each) => each.name).join(' | ')}`,
  );
}

function planOf(text: string): RunPlan {
  const [engineText = '', storageText = '', scenarioText = '', seedText = ''] = text.split('/');
  const [engine] = choice('run', engineText, ALL_ENGINES);
  const [storage] = choice('run', storageText, STORAGE);
  if (engine === undefined || storage === undefined)
    throw new Error(`--run: "${text}" is not engine/storage/scenario/seed`);
  return { engine, storage, scenario: choiceOfScenario(scenarioText), seed: count('run', seedText) };
}

function report(attempt: Attempt): void {
  if (values.json !== undefined) appendResult(values.json, attempt);
  const { outcome, engine, storage, scenario, seed, wrong, ms, passes } = attempt;
  if (outcome === 'good' && !values.verbose) return;
  const why = wrong.map(({ kind, what }) => `\n    ${kind}: ${what}`).join('');
  process.stderr.write(
    `${outcome}: --run '${engine}/${storage}/${scenario}/${seed}', ${Math.round(ms)} ms, ${passes} passes${why}\n`,
  );
}

async function main(): Promise<number> {
  if (values.report) {
    const results = readResults(values.json ?? '');
    process.stdout.write(`${[...summarizeEngines(results), '', ...summarize(results)].join('\n')}\n`);
    return 0;
  }
  const without = choice('without', values.without, Object.keys(DROPPABLE));
  const [method = 'quackup'] = choice('method', values.method, METHODS);
  const plan = values.run === undefined ? undefined : planOf(values.run);
  const writers = plan === undefined ? choice('engines', values.engines, ALL_ENGINES) : [plan.engine];
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
  const attempts = await stress({
    seed: count('seed', values.seed),
    seconds: count('seconds', values.seconds),
    copies: count('copies', values.copies),
    engines: enginePaths(writers, values['engine-folder']),
    writers,
    storage: choice('storage', values.storage, STORAGE),
    scenarios: chosenScenarios(without),
    plan,
    copiesPerRun: count('copies-per-run', values['copies-per-run']),
    method,
    without,
    rules: rulesWithout(without),
    waitMs: count('wait', values.wait) * 1000,
    folder: values.folder,
    onAttempt: report,
    signal: interrupted.signal,
  });
  const bad = attempts.filter(({ outcome }) => outcome === 'bad').length;
  const errors = attempts.filter(({ outcome }) => outcome === 'error').length;
  process.stdout.write(
    `${summarize(attempts).join('\n')}\n\n${bad} of ${attempts.filter(isAccepted).length} copies were bad; seed ${values.seed}\n`,
  );
  if (values['expect-failures'] || method !== 'quackup' || without.length > 0) return bad > 0 ? 0 : 1;
  return bad + errors > 0 ? 1 : 0;
}

process.exitCode = await main();
