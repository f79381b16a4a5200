/** A thread of {@link EncodeThreads}: one answer for each task. */
import { parentPort } from 'node:worker_threads';

import { type EncodeTask, runEncodeTask } from './encode-task.ts';

parentPort?.on('message', (task: EncodeTask) => {
  const answer = runEncodeTask(task);
  // A small frame lies in memory that it shares with others, and is copied.
  const { buffer, byteLength } = answer.frame ?? new Uint8Array(0);
  parentPort?.postMessage(answer, byteLength > 4096 && buffer instanceof ArrayBuffer ? [buffer] : []);
});
