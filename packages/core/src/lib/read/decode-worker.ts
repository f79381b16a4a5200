/** A thread of a {@link DecodeThreads}: one task at a time, one answer for each. */
import { parentPort } from 'node:worker_threads';

import { type DecodeTask, runDecodeTask } from './decode-task.ts';

parentPort?.on('message', (task: DecodeTask) => parentPort?.postMessage(runDecodeTask(task), []));
