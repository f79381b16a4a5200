import { cronBlock, editCrontab, readCronBlock } from './crontab.ts';
import type { Scope } from './job.ts';
import { type Machine, runOrThrow } from './machine.ts';
import { ScheduleError } from './schedule-error.ts';
import type { Scheduler } from './scheduler.ts';

/** The crontab of the user who runs this; the system's job is root's. */
export const cronScheduler: Scheduler = {
  platform: 'posix',
  plan: cronBlock,
  async find(name, scope, machine) {
    return readCronBlock(await readCrontab(scope, machine), name);
  },
  async install(job, machine) {
    const before = await readCrontab(job.scope, machine);
    await writeCrontab(before, editCrontab(before, job.name, cronBlock(job, machine)), job.scope, machine);
    return [];
  },
  async remove(name, scope, machine) {
    const before = await readCrontab(scope, machine);
    const after = editCrontab(before, name, undefined);
    if (after.equals(before)) return false;
    await writeCrontab(before, after, scope, machine);
    return true;
  },
};

function whose(scope: Scope): string[] {
  return scope === 'system' ? ['-u', 'root'] : [];
}

/** An empty one if there is none. Any other failure must not look so: the next write would lose the crontab. */
async function readCrontab(scope: Scope, machine: Machine): Promise<Buffer> {
  const { status, stdout, stderr, isMissing } = await machine.run('crontab', [...whose(scope), '-l']);
  if (status === 0) return stdout;
  if (isMissing === true)
    throw new ScheduleError(
      'MISSING',
      'cron is not installed: there is no program crontab',
      'install cron, or use another method',
    );
  if (status === 1 && /^no crontab for /m.test(stderr)) return Buffer.alloc(0);
  throw new ScheduleError(
    'FAILED',
    `the crontab cannot be read: ${stderr.trim() || `exit code ${status}`}`,
    'check that cron is installed and that this user may use it',
  );
}

async function writeCrontab(before: Buffer, after: Buffer, scope: Scope, machine: Machine): Promise<void> {
  if (after.equals(before)) return;
  await runOrThrow(machine, 'crontab', [...whose(scope), '-'], after);
  if (!(await readCrontab(scope, machine)).equals(after))
    throw new ScheduleError('FAILED', 'the crontab is not what was written', 'look at it with `crontab -l`');
}
