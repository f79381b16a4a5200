import type { Scope } from './job.ts';
import { type Machine, runOrThrow } from './machine.ts';
import { type PlannedFile, readIfThere, removeOwnFile, writeOwnFile } from './own-file.ts';
import type { Scheduler } from './scheduler.ts';
import { systemdUnits, unitName, unitPaths } from './systemd-units.ts';

/** A service and a timer. */
export const systemdScheduler: Scheduler = {
  platform: 'posix',
  plan: (job, machine) => shown(systemdUnits(job, machine)),
  async find(name, scope, machine) {
    const { service, timer } = unitPaths(name, scope, machine);
    const files: PlannedFile[] = [];
    for (const path of [service, timer]) {
      const text = await readIfThere(path);
      if (text !== undefined) files.push({ path, text });
    }
    return files.length === 0 ? undefined : shown(files);
  },
  async install(job, machine) {
    // Where no systemd answers nothing is to be left behind.
    await systemctl(machine, job.scope, ['daemon-reload']);
    for (const file of systemdUnits(job, machine)) await writeOwnFile(file);
    const timer = `${unitName(job.name)}.timer`;
    await systemctl(machine, job.scope, ['daemon-reload']);
    await systemctl(machine, job.scope, ['enable', timer]);
    // Not "enable --now": a timer that runs already would keep its old times.
    await systemctl(machine, job.scope, ['restart', timer]);
    return job.scope === 'user' ? adviseLingering(machine) : [];
  },
  async remove(name, scope, machine) {
    const { service, timer } = unitPaths(name, scope, machine);
    if ((await readIfThere(timer)) !== undefined)
      await systemctl(machine, scope, ['disable', '--now', `${unitName(name)}.timer`]);
    const removed = [await removeOwnFile(timer), await removeOwnFile(service)];
    if (!removed.includes(true)) return false;
    await systemctl(machine, scope, ['daemon-reload']);
    return true;
  },
};

/** A user's timers stop with the last session, unless the user lingers. */
async function adviseLingering(machine: Machine): Promise<string[]> {
  const { status, stdout } = await machine.run('loginctl', [
    'show-user',
    String(machine.uid),
    '--property=Linger',
    '--value',
  ]);
  if (status === 0 && stdout.toString().trim() === 'yes') return [];
  return ['it runs only while this user is logged in, until somebody runs: loginctl enable-linger'];
}

function systemctl(machine: Machine, scope: Scope, args: readonly string[]): Promise<Buffer> {
  return runOrThrow(machine, 'systemctl', [...(scope === 'user' ? ['--user'] : []), ...args]);
}

function shown(files: readonly PlannedFile[]): string {
  return files.map(({ path, text }) => `# ${path}\n${text}`).join('\n');
}
