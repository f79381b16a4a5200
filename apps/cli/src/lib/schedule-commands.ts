import { type Command, Option } from 'commander';

import type { DaemonInput } from './commands/daemon.ts';
import type { ScheduleInstallInput } from './commands/schedule-install.ts';
import type { ScheduleRemoveInput } from './commands/schedule-remove.ts';
import type { ScheduleInput } from './schedule/open-schedule.ts';
import type { Start } from './start.ts';

/** What can be typed about schedules. */
export function addScheduleCommands(program: Command, start: Start): void {
  program
    .command('daemon')
    .description(
      'keep the schedule of the configuration in this process, for containers; SIGHUP reads the configuration again',
    )
    .option('--listen <address>', 'answer /healthz and /metrics here: HOST:PORT, or off', '127.0.0.1:9797')
    .option(
      '--grace <duration>',
      'when it is stopped a run may go on for this long before it is aborted',
      '5s',
    )
    .action((input: DaemonInput) =>
      start('daemon', async () => {
        const { daemon } = await import('./commands/daemon.ts');
        return (context) => daemon(context, input);
      }),
    );

  const schedule = program
    .command('schedule')
    .description('have `daily` run by itself: cron, systemd, launchd or the Windows Task Scheduler');

  withTimes(
    withMethod(
      schedule
        .command('install')
        .description('install the schedule of the configuration, in place of an older one of it'),
    ),
  )
    .option('--dry-run', 'only print what would be installed', false)
    .action((input: ScheduleInstallInput) =>
      start('schedule install', async () => {
        const { scheduleInstall } = await import('./commands/schedule-install.ts');
        return (context) => scheduleInstall(context, input);
      }),
    );

  withTimes(
    withMethod(
      schedule.command('show').description('what is, or would be, installed, and the next five times'),
    ),
  ).action((input: ScheduleInput) =>
    start('schedule show', async () => {
      const { scheduleShow } = await import('./commands/schedule-show.ts');
      return (context) => scheduleShow(context, input);
    }),
  );

  withMethod(
    schedule
      .command('remove')
      .description('remove the schedule of the configuration, and nothing that Quackup did not write'),
  )
    .option('--dry-run', 'only say what would be removed', false)
    .action((input: ScheduleRemoveInput) =>
      start('schedule remove', async () => {
        const { scheduleRemove } = await import('./commands/schedule-remove.ts');
        return (context) => scheduleRemove(context, input);
      }),
    );
}

function withMethod(command: Command): Command {
  return command
    .addOption(
      new Option('--method <method>', 'default: that of this machine').choices([
        'cron',
        'systemd',
        'launchd',
        'windows',
      ]),
    )
    .option('--user', 'run it as this user (default, unless this is root)')
    .option('--system', 'run it as root, whoever is logged in (default for root)');
}

function withTimes(command: Command): Command {
  return command
    .option('--at <time>', 'every day at this time: 02:00 (default: that of the configuration, else 02:00)')
    .option('--cron <expression>', 'at these times: "0 2 * * 1-5"')
    .option('--jitter <duration>', 'begin up to this much later, at random (default: 5m)')
    .option('--env-file <file>', 'variables that the job gets: lines like NAME=value');
}
