import { join } from 'node:path';

import { type CheckedJob, type Scope, wordsOf } from './job.ts';
import type { Machine } from './machine.ts';
import { onCalendar } from './on-calendar.ts';
import type { PlannedFile } from './own-file.ts';
import { markOf } from './own-mark.ts';
import { ScheduleError } from './schedule-error.ts';

/** `quackup-NAME`: the service and the timer are called so. */
export function unitName(name: string): string {
  return `quackup-${name}`;
}

/** systemd.unit(5): where an administrator's, and a user's own, units are. */
export function unitPaths(name: string, scope: Scope, machine: Machine): { service: string; timer: string } {
  const folder =
    scope === 'system'
      ? join(machine.root, 'etc/systemd/system')
      : join(machine.configHome ?? join(machine.home, '.config'), 'systemd/user');
  return {
    service: join(folder, `${unitName(name)}.service`),
    timer: join(folder, `${unitName(name)}.timer`),
  };
}

/**
 * The service and the timer of a job.
 *
 * @throws NOT_EXPRESSIBLE if systemd cannot say when, or a path cannot be in a unit.
 */
export function systemdUnits(job: CheckedJob, machine: Machine): readonly PlannedFile[] {
  const { service, timer } = unitPaths(job.name, job.scope, machine);
  return [
    { path: service, text: serviceText(job) },
    { path: timer, text: timerText(job) },
  ];
}

function serviceText(job: CheckedJob): string {
  const [node = '', ...words] = wordsOf(job, false);
  const lines = [
    ...heading(job),
    '[Unit]',
    `Description=Quackup: ${job.name}`,
    // The user's manager knows no targets of the system.
    ...(job.scope === 'system' ? ['Wants=network-online.target', 'After=network-online.target'] : []),
    '',
    '[Service]',
    'Type=oneshot',
    `WorkingDirectory=${plainPath(job.workingDir)}`,
    ...Object.entries(job.environment).map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`),
    `ExecStart=${[executable(node), ...words.map((word) => quoted(word).replaceAll('$', '$$$$'))].join(' ')}`,
    'Nice=10',
    'IOSchedulingClass=best-effort',
    'IOSchedulingPriority=7',
    'UMask=0077',
    ...HARDENING,
    ...(job.scope === 'system' ? [...SYSTEM_HARDENING, ...fileSystem(job)] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function heading(job: CheckedJob): string[] {
  const [mark, when] = markOf(job);
  return [`# ${mark} Changes belong into a drop-in (systemctl edit).`, `# ${when}`];
}

/** Works for users as well: nothing of it needs a namespace. V8 makes code at run time, so memory stays executable. */
const HARDENING: readonly string[] = [
  'NoNewPrivileges=yes',
  'LockPersonality=yes',
  'RestrictRealtime=yes',
  'RestrictSUIDSGID=yes',
  'RestrictNamespaces=yes',
  'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
  'SystemCallArchitectures=native',
  'SystemCallFilter=@system-service',
];

/**
 * Needs namespaces of files, which a user's manager can make only within a namespace of users. From in there nobody can look
 * into processes outside, as Quackup does to find those that hold a database, and where the kernel forbids it (Ubuntu) the
 * unit would not start at all. So these are for the system's units. Processes stay visible for the same reason.
 */
const SYSTEM_HARDENING: readonly string[] = [
  'PrivateDevices=yes',
  'ProtectClock=yes',
  'ProtectControlGroups=yes',
  'ProtectHostname=yes',
  'ProtectKernelLogs=yes',
  'ProtectKernelModules=yes',
  'ProtectKernelTunables=yes',
  // To read and write files of others, and with backup.pauseWriter to stop a process for a moment.
  'CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_KILL CAP_SYS_PTRACE',
];

function fileSystem(job: CheckedJob): string[] {
  const { node, script } = job.command;
  const used = [...job.readWritePaths, ...job.readPaths, job.workingDir, node, script];
  // A private /tmp would hide what lies in the real one.
  const needsTmp = used.some((path) => /^\/(var\/)?tmp(\/|$)/.test(path));
  const writable = needsTmp ? [...job.readWritePaths, '/tmp', '/var/tmp'] : job.readWritePaths;
  return [
    'ProtectSystem=strict',
    `PrivateTmp=${needsTmp ? 'no' : 'yes'}`,
    // With "-" a folder that is missing does not keep the job from starting, so that it can say so itself.
    ...writable.map((path) => `ReadWritePaths=${quoted(`-${path}`)}`),
  ];
}

function timerText(job: CheckedJob): string {
  const lines = [
    ...heading(job),
    '[Unit]',
    `Description=Quackup: when ${job.name} runs`,
    '',
    '[Timer]',
    `OnCalendar=${onCalendar(job.calendar)}`,
    // What was missed while the machine was off is made up.
    'Persistent=true',
    `RandomizedDelaySec=${job.maxDelaySeconds}`,
    `Unit=${unitName(job.name)}.service`,
    '',
    '[Install]',
    'WantedBy=timers.target',
  ];
  return `${lines.join('\n')}\n`;
}

/** systemd.syntax(7), Quoting; `%` begins a specifier everywhere. */
function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%')}"`;
}

/** systemd takes no path of a program with these, however they are quoted. */
function executable(path: string): string {
  if (/["'\\]/.test(path)) {
    throw new ScheduleError(
      'NOT_EXPRESSIBLE',
      `systemd runs no program whose path holds quotes or backslashes: ${path}`,
      'use a Node in another folder, or another method',
    );
  }
  return quoted(path);
}

/** WorkingDirectory= takes the rest of the line as it is: quotes would be part of the path. */
function plainPath(path: string): string {
  if (/\s$|\\$/.test(path)) {
    throw new ScheduleError(
      'NOT_EXPRESSIBLE',
      `a unit cannot name the working directory ${JSON.stringify(path)}`,
      'use a folder whose name does not end with a space or a backslash',
    );
  }
  return path.replaceAll('%', '%%');
}
