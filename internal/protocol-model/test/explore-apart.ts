import { Worker } from 'node:worker_threads';

import type { Engine, Exploration, Rules } from '../src/index.ts';

/** `explore` in a thread where Node itself loads the modules: as the test runner rewrites them they are four times slower. */
export async function exploreApart(engine: Engine, rules: Rules, maxStates: number): Promise<Exploration> {
  const worker = new Worker(new URL('./explore-worker.ts', import.meta.url), {
    workerData: { engine, rules, maxStates },
  });
  try {
    return await new Promise<Exploration>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', (code) =>
        reject(new Error(`the exploring thread ended with ${code} and no result`)),
      );
    });
  } finally {
    await worker.terminate();
  }
}
