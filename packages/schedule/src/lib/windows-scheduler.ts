import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Machine, runOrThrow } from './machine.ts';
import { MARK } from './own-mark.ts';
import { ScheduleError } from './schedule-error.ts';
import type { Scheduler } from './scheduler.ts';
import { encodeTask, taskPath, windowsTask } from './windows-task.ts';

/** A task in the folder `\Quackup` of the Task Scheduler. */
export const windowsScheduler: Scheduler = {
  platform: 'win32',
  plan: windowsTask,
  find: (name, _scope, machine) => query(name, machine),
  async install(job, machine) {
    await ownTask(job.name, machine);
    const folder = await mkdtemp(join(tmpdir(), 'quackup-task-'));
    try {
      const file = join(folder, 'task.xml');
      await writeFile(file, encodeTask(windowsTask(job, machine)));
      await runOrThrow(machine, 'schtasks', ['/create', '/tn', taskPath(job.name), '/xml', file, '/f']);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    return job.scope === 'system'
      ? []
      : ['it runs only while this user is signed in; --system runs it always'];
  },
  async remove(name, _scope, machine) {
    if (!(await ownTask(name, machine))) return false;
    await runOrThrow(machine, 'schtasks', ['/delete', '/tn', taskPath(name), '/f']);
    return true;
  },
};

/** The task as it is. schtasks fails in the same way whatever is wrong; what follows a wrong guess fails by itself. */
async function query(name: string, machine: Machine): Promise<string | undefined> {
  const { status, stdout } = await machine.run('schtasks', ['/query', '/tn', taskPath(name), '/xml']);
  if (status !== 0) return undefined;
  // In a pipe it writes the code page of the console, or UTF-16, as it likes.
  const text = stdout.includes(0) ? stdout.toString('utf16le') : stdout.toString();
  return text.replace(/^\uFEFF/, '');
}

async function ownTask(name: string, machine: Machine): Promise<boolean> {
  const found = await query(name, machine);
  if (found !== undefined && !found.includes(MARK))
    throw new ScheduleError(
      'NOT_OURS',
      `the task ${taskPath(name)} was not written by Quackup`,
      'choose another name',
    );
  return found !== undefined;
}
