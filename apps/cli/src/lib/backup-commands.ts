import { type Command, InvalidArgumentError } from 'commander';

import { collect, oneTarget, toCount } from './command-options.ts';
import type { BackupInput } from './commands/backup.ts';
import type { CleanupInput } from './commands/cleanup.ts';
import type { DailyIfDueInput } from './commands/daily-if-due.ts';
import type { DailyInput } from './commands/daily.ts';
import type { InitInput } from './commands/init.ts';
import type { Start } from './start.ts';

/** What can be typed to make backups, and to remove old ones. */
export function addBackupCommands(program: Command, start: Start): void {
  program
    .command('init')
    .description('write a configuration: asks a few questions, or takes the options with --yes')
    .option('--yes', 'ask nothing', false)
    .option('--database <path>', 'file or glob to back up; may be repeated (default: *.duckdb)', collect, [])
    .option('--backups <folder>', 'folder that keeps the backups', './backups')
    .option('--keep-days <days>', 'keep backups younger than this', toCount, 30)
    .option('--min-count <number>', 'keep at least this many', toCount, 5)
    .option('--at <time>', 'back up every day at this time: 02:00 (for quackup schedule install)')
    .action((input: InitInput) =>
      start('init', async () => {
        const { init } = await import('./commands/init.ts');
        return (context) => init(context, input);
      }),
    );

  program
    .command('backup')
    .description('make one backup of the given databases, or of those in the configuration')
    .argument('[database...]', 'files or globs')
    .option(
      '--target <name>',
      'write to this target; may be repeated (default: those of the configuration)',
      collect,
      [],
    )
    .option('--full', 'store everything, not only what changed since the last backup', false)
    .option('--wait <duration>', 'how long one database may take to come to rest: 30s, 5m')
    .option('--same-moment', 'all databases are of one moment', false)
    .option(
      '--pause-writer <duration>',
      'stop the process that writes a database for at most this long at a time, if no copy comes to rest without: 200ms (Linux, macOS)',
    )
    .action((databases: string[], input: Omit<BackupInput, 'databases'>) =>
      start('backup', async () => {
        const { backup } = await import('./commands/backup.ts');
        return (context) => backup(context, { ...input, databases });
      }),
    );

  program
    .command('daily')
    .description(
      'what a scheduler runs: backup, verification of what was just written, cleanup, log, metrics, notifications',
    )
    .option(
      '--if-older <duration>',
      'only if the last good backup is older than this on one of the targets: 20h',
    )
    .option(
      '--if-due [expression]',
      'only if a time of this schedule has come since the last run began: "0 2 * * *" (default: that of the configuration)',
    )
    .option('--jitter <duration>', 'with --if-due: wait up to this long first, at random (default: 5m)')
    .option('--log-format <format>', 'of the log file: text or json (default: that of the configuration)')
    .action(({ ifDue, jitter, ...input }: DailyInput & Partial<DailyIfDueInput>) =>
      start('daily', async () => {
        if (ifDue !== undefined) {
          const { dailyIfDue } = await import('./commands/daily-if-due.ts');
          return (context) =>
            dailyIfDue(context, { ...input, ifDue, ...(jitter !== undefined && { jitter }) });
        }
        if (jitter !== undefined) throw new InvalidArgumentError('--jitter needs --if-due');
        const { daily } = await import('./commands/daily.ts');
        return (context) => daily(context, input);
      }),
    );

  const cleanup = program
    .command('cleanup')
    .description(
      'remove old backups by the retention rules; options replace rules of the configuration one by one, 0 switches a rule off',
    )
    .option('--dry-run', 'only say what stays and what goes, and why', false)
    .addOption(oneTarget('only on this target'));
  for (const [flag, what] of RETENTION_FLAGS) cleanup.option(`${flag} <number>`, what, toCount);
  cleanup.action((input: CleanupInput) =>
    start('cleanup', async () => {
      const { cleanup } = await import('./commands/cleanup.ts');
      return (context) => cleanup(context, input);
    }),
  );
}

const RETENTION_FLAGS = [
  ['--keep-days', 'keep backups younger than this many days'],
  ['--min-count', 'keep at least this many complete backups'],
  ['--keep-last', 'keep the newest, this many'],
  ['--keep-hourly', 'keep one for each of the last hours that have one'],
  ['--keep-daily', 'keep one for each of the last days that have one'],
  ['--keep-weekly', 'keep one for each of the last weeks that have one'],
  ['--keep-monthly', 'keep one for each of the last months that have one'],
  ['--keep-yearly', 'keep one for each of the last years that have one'],
] as const;
