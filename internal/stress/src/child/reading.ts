/** The thread of a {@link Reading}. */
import { parentPort, workerData } from 'node:worker_threads';

import { takeCopy } from '../lib/copy.ts';
import { rulesWithout } from '../lib/rules.ts';
import type { ReadingData, ReadingMessage } from '../lib/staged/reading.ts';

const { path, to, folder, waitMs, without, holdAfter, go } = workerData as ReadingData;

const say = (message: ReadingMessage): void => parentPort?.postMessage(message, []);

let copied = 0;
function onBlock(): void {
  copied += 1;
  if (copied !== holdAfter) return;
  say({ said: 'held' });
  Atomics.wait(new Int32Array(go), 0, 0);
}

const startMs = performance.now();
try {
  const rules = rulesWithout(without);
  const copy = await takeCopy(path, to, { method: 'quackup', folder, waitMs, rules, onBlock });
  say({ said: 'accepted', copy });
} catch (error) {
  say({ said: 'not accepted', reason: (error as Error).message, ms: performance.now() - startMs });
}
