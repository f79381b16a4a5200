/** `pnpm stress`: see README.md. */
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import type { Method } from './lib/copy.ts';
import { type Engine, enginePaths, ENGINES } from './lib/engines.ts';
import { DROPPABLE, rulesWithout } from './lib/rules.ts';
import { SCENARIOS } from './lib/scenarios.ts';
import { canPreload } from './lib/preload.ts';
import { play } from './lib/staged/play.ts';
import { STORIES } from './lib/staged/stories.ts';
import { stress } from './lib/stress.ts';
import { type Attempt, summarize } from './lib/summary.ts';

const METHODS: readonly Method[] = ['quackup', 'cp-file-wal', 'cp-wal-file'];

const DEFAULT_SCENARIOS = SCENARIOS.filter(
  ({ provokes, syncMs }) => provokes === undefined && (syncMs === undefined || canPreload()),
);

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    copies: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    engines: { type: 'string', default: Object.keys(ENGINES).join(',') },
    storage: { type: 'string', default: 'default,latest' },
    scenarios: { type: 'string', default: DEFAULT_SCENARIOS.map(({ name }) => name).join(',') },
    stories: { type: 'string', default: canPreload() ? STORIES.map(({ name }) => name).join(',') : '' },
    jobs: { type: 'string', default: '1' },
    'copies-per-run': { type: 'string', default: '24' },
    method: { type: 'string', default: 'quackup' },
    without: { type: 'string', default: '' },
    wait: { type: 'string', default: '30' },
    folder: { type: 'string', default: tmpdir() },
    'engine-folder': { type: 'string', default: join(tmpdir(), 'quackup-stress-engines') },
    json: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});

function choice<Value extends string>(option: string, text: string, known: readonly Value[]): Value[] {
  const chosen = text.split(',').filter((each) => each !== '');
  for (const each of chosen) {
    if (known.includes(each as Value)) continue;
    throw new Error(`--${option}: there is no "${each}"; there are ${known.join(', ')}`);
  }
  return chosen as Value[];
}

function count(option: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0) return number;
  throw new Error(`--${option}: "${text}" is not a whole number`);
}

const without = choice('without', values.without, Object.keys(DROPPABLE));
const [method = 'quackup'] = choice('method', values.method, METHODS);
const engines = choice<Engine>('engines', values.engines, Object.keys(ENGINES) as Engine[]);
const scenarios = choice(
  'scenarios',
  values.scenarios,
  SCENARIOS.map(({ name }) => name),
);
const stories = choice(
  'stories',
  values.stories,
  STORIES.map(({ name }) => name),
);
const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());

const paths = enginePaths(engines, values['engine-folder']);
const attempts: Attempt[] = [];
// They tell of checkpoints as 1.5 makes them.
if (method === 'quackup' && engines.includes('1.5')) {
  for (const story of STORIES.filter(({ name }) => stories.includes(name))) {
    if (interrupted.signal.aborted) break;
    const attempt = await play(story, {
      engine: paths.get('1.5') ?? '',
      without,
      waitMs: count('wait', values.wait) * 1000,
      folder: values.folder,
    });
    attempts.push(attempt);
    report(attempt);
  }
}
const storiesPlayed = attempts.length;
const stuck = attempts.filter(
  ({ outcome, scenario }) =>
    outcome === 'given up' && STORIES.some(({ name, mustFail }) => name === scenario && mustFail !== true),
);
const fromChance = await stress({
  seed: count('seed', values.seed),
  seconds: count('seconds', values.seconds),
  copies: count('copies', values.copies),
  engines: new Map(engines.map((engine) => [engine, paths.get(engine) ?? ''])),
  storage: choice('storage', values.storage, ['default', 'latest'] as const),
  scenarios: SCENARIOS.filter(({ name }) => scenarios.includes(name)),
  jobs: count('jobs', values.jobs),
  keepBad: method === 'quackup' && without.length === 0,
  copiesPerRun: count('copies-per-run', values['copies-per-run']),
  method,
  rules: rulesWithout(without),
  waitMs: count('wait', values.wait) * 1000,
  folder: values.folder,
  onAttempt: report,
  signal: interrupted.signal,
});
attempts.push(...fromChance);
if (values.json !== undefined) await writeFile(values.json, JSON.stringify(attempts));
const bad = attempts.filter(({ outcome }) => outcome === 'bad').length;
const accepted = attempts.filter(({ outcome }) => outcome !== 'given up').length;
process.stdout.write(
  `${summarize(attempts).join('\n')}\n\n${storiesPlayed} stories; ${bad} of ${accepted} copies were bad, seed ${values.seed}\n`,
);
// What is expected to fail has to fail, and what is not must not.
const expectsFailures = method !== 'quackup' || without.length > 0;
process.exitCode = expectsFailures === bad > 0 && stuck.length === 0 ? 0 : 1;

function report({ outcome, engine, storage, scenario, wrong, ms, passes }: Attempt): void {
  if (outcome === 'good' && !values.verbose) return;
  const what = wrong.join('; ');
  process.stderr.write(
    `${outcome}: ${engine} ${storage}, ${scenario}, ${Math.round(ms)} ms, ${passes} passes${what === '' ? '' : `: ${what}`}\n`,
  );
}
