import type { Scope } from './job.ts';
import { launchdLabel, launchdPlist, plistPath } from './launchd-plist.ts';
import { type Machine, runOrThrow } from './machine.ts';
import { readIfThere, removeOwnFile, writeOwnFile } from './own-file.ts';
import type { Scheduler } from './scheduler.ts';

/** A launch agent of the user, or a launch daemon. */
export const launchdScheduler: Scheduler = {
  platform: 'posix',
  plan: (job, machine) => launchdPlist(job, machine).text,
  find: (name, scope, machine) => readIfThere(plistPath(name, scope, machine)),
  async install(job, machine) {
    const file = launchdPlist(job, machine);
    await writeOwnFile(file);
    await bootOut(job.name, job.scope, machine);
    await runOrThrow(machine, 'launchctl', ['bootstrap', domain(job.scope, machine), file.path]);
    return [];
  },
  async remove(name, scope, machine) {
    const removed = await removeOwnFile(plistPath(name, scope, machine));
    if (removed) await bootOut(name, scope, machine);
    return removed;
  },
};

function domain(scope: Scope, machine: Machine): string {
  return scope === 'system' ? 'system' : `gui/${machine.uid}`;
}

/** It may not be loaded, which launchctl calls a failure. If it stays loaded, `bootstrap` fails and says so. */
async function bootOut(name: string, scope: Scope, machine: Machine): Promise<void> {
  await machine.run('launchctl', ['bootout', `${domain(scope, machine)}/${launchdLabel(name)}`]);
}
