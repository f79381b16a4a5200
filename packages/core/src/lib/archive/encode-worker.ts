/** A thread of {@link EncodeThreads}: one answer for each task. */
import { parentPort } from 'node:worker_threads';

import { setThreadPriority } from '../process/thread-priority.ts';
import { type EncodeTask, runEncodeTask } from './encode-task.ts';

setThreadPriority();
parentPort?.on('message', (task: EncodeTask) => parentPort?.postMessage(runEncodeTask(task), []));
