import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import type { Engine, Exploration, Rules } from '../src/index.ts';

/** `explore` in a thread where Node itself loads the modules: as the test runner rewrites them they are four times slower. */
export async function exploreApart(engine: Engine, rules: Rules, maxStates: number): Promise<Exploration> {
  const worker = new Worker(new URL('./explore-worker.ts', import.meta.url), {
    workerData: { engine, rules, maxStates },
  });
  try {
    const [found] = (await once(worker, 'message')) as [Exploration];
    return found;
  } finally {
    await worker.terminate();
  }
}
