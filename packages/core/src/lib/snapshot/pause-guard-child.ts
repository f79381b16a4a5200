/**
 * Stops a process for a moment and lets it go on, whatever becomes of the one that asked:
 *
 *     node pause-guard-child.js <pid> <start of the process> <cap in milliseconds>
 *
 *     in   stop    stops it; answered by `stopped`, or `gone` if the process is not the one that was meant
 *     in   go      lets it go on; answered by `running`
 *
 * The end of stdin, which comes when the asking process dies in any way, lets it go on as well, and so does the cap. Runs in
 * a session of its own, so that what is sent to the terminal's processes does not end it first.
 */
import { readdir, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

import { isProcessAlive } from '../process/process-identity.ts';
import { pause } from './pause.ts';

const [pid = 0, start = -1, capMs = 0] = process.argv.slice(2).map(Number);
/** Set while the process is, or is being, stopped. */
const stopping: { cap?: NodeJS.Timeout | undefined } = {};

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

function goOn(): void {
  clearTimeout(stopping.cap);
  stopping.cap = undefined;
  try {
    process.kill(pid, 'SIGCONT');
  } catch {
    // It has ended meanwhile.
  }
}

/** A signal stops a process one thread at a time: a write that has begun in one of them ends first. */
async function areAllThreadsStopped(): Promise<boolean> {
  if (process.platform !== 'linux') {
    await pause(5);
    return true;
  }
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const text = await readFile(`/proc/${pid}/task/${thread}/stat`, 'latin1').catch(() => '');
    const state = text.slice(text.lastIndexOf(')') + 2, text.lastIndexOf(')') + 3);
    if (state !== 'T' && state !== 't' && text !== '') return false;
  }
  return true;
}

async function stop(): Promise<string> {
  if (!(await isProcessAlive(pid, start))) return 'gone';
  stopping.cap = setTimeout(goOn, capMs);
  process.kill(pid, 'SIGSTOP');
  try {
    while (stopping.cap !== undefined && !(await areAllThreadsStopped())) await pause(1);
  } catch {
    goOn();
    return 'gone';
  }
  return stopping.cap === undefined ? 'running' : 'stopped';
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  if (line === 'stop') void stop().then((answer) => process.stdout.write(`${answer}\n`));
  if (line === 'go') {
    goOn();
    process.stdout.write('running\n');
  }
});
lines.once('close', goOn);
process.stdout.on('error', () => undefined);
