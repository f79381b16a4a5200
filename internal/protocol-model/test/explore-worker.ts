import { parentPort, workerData } from 'node:worker_threads';

import { type Engine, explore, type Rules } from '../src/index.ts';

const { engine, rules, maxStates } = workerData as { engine: Engine; rules: Rules; maxStates: number };
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of worker_threads, not a window
parentPort?.postMessage(explore(engine, rules, maxStates));
