/** A thread of a pool that works for as many milliseconds as it is told, and answers with its own nice value. */
import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';

import { setThreadPriority } from '../../../src/lib/process/thread-priority.ts';

setThreadPriority();
parentPort?.on('message', (ms: number) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  const stat = readFileSync('/proc/thread-self/stat', 'latin1');
  parentPort?.postMessage(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]), []);
});
