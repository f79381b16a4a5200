import { Command, InvalidArgumentError, Option } from 'commander';

import type { CliIo } from './cli-io.ts';
import type { CommandContext } from './command-context.ts';
import type { BackupInput } from './commands/backup.ts';
import type { CleanupInput } from './commands/cleanup.ts';
import type { CopyInput } from './commands/copy.ts';
import type { DailyInput } from './commands/daily.ts';
import type { DoctorInput } from './commands/doctor.ts';
import type { ImportInput } from './commands/import.ts';
import type { DailyIfDueInput } from './commands/daily-if-due.ts';
import type { InitInput } from './commands/init.ts';
import type { RepairInput } from './commands/repair.ts';
import type { RestoreInput } from './commands/restore.ts';
import type { StatusInput } from './commands/status.ts';
import type { VerifyInput } from './commands/verify.ts';
import type { GlobalOptions } from './global-options.ts';
import { addKeyCommands } from './key-commands.ts';
import { addScheduleCommands } from './schedule-commands.ts';
import { VERSION } from './version.ts';

/** A command that is ready to run. */
export type Run = (context: CommandContext) => Promise<number>;

/** Runs a command. `load` imports it: nothing that a command needs is loaded before it is known that it runs. */
export type Execute = (name: string, options: GlobalOptions, load: () => Promise<Run>) => Promise<void>;

interface OneTarget {
  readonly target?: string;
}

/** Says what can be typed. Decides nothing: each command's file does. */
export function buildProgram(io: CliIo, execute: Execute): Command {
  const program = new Command('quackup')
    .description('Backup and recovery for DuckDB: consistent while the database is in use.')
    .version(VERSION)
    .option('--config <file>', 'configuration file (default: quackup.yaml in this folder, if there is one)')
    .option('--json', 'print one JSON document', false)
    .option('--quiet', 'print nothing but what was asked for, warnings and errors', false)
    .option('--verbose', 'say more', false)
    .option('--no-color', 'no colours')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      // runCli prints errors, in the form of all others.
      outputError: () => {},
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getOutHasColors: () => false,
    });
  const start = (name: string, load: () => Promise<Run>): Promise<void> =>
    execute(name, program.opts<GlobalOptions>(), load);

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
    .command('list')
    .description('the backups on every target, newest first')
    .addOption(oneTarget('only of this target'))
    .action(({ target }: OneTarget) =>
      start('list', async () => {
        const { list } = await import('./commands/list.ts');
        return (context) => list(context, target);
      }),
    );

  program
    .command('show')
    .description('everything known of one backup')
    .argument('<backup>', 'a name as `list` prints it, or latest')
    .addOption(oneTarget('look on this target'))
    .action((backup: string, { target }: OneTarget) =>
      start('show', async () => {
        const { show } = await import('./commands/show.ts');
        return (context) => show(context, backup, target);
      }),
    );

  program
    .command('verify')
    .description('look for damage in backups; exit code 3 if there is any')
    .argument('[backup]', 'a name as `list` prints it, or latest (default: latest)')
    .option('--all', 'every backup of the target', false)
    .addOption(
      new Option(
        '--level <level>',
        'archive: hashes; blocks: also DuckDB checksums; scan: restored and read by DuckDB',
      )
        .choices(['archive', 'blocks', 'scan'])
        .default('blocks'),
    )
    .addOption(oneTarget('look on this target'))
    .action((backup: string | undefined, input: Omit<VerifyInput, 'backup'>) =>
      start('verify', async () => {
        const { verify } = await import('./commands/verify.ts');
        return (context) => verify(context, { ...input, backup });
      }),
    );

  program
    .command('restore')
    .description('restore a backup to where its databases came from, or elsewhere')
    .argument('<backup>', 'a name as `list` prints it, or latest')
    .option('--database <name>', 'only this database')
    .option('--restore-dir <folder>', 'restore into this folder')
    .option('--overwrite', 'move aside what is there (as .bak) and replace it', false)
    .option('--dry-run', 'only say what would be done', false)
    .addOption(oneTarget('look on this target'))
    .action((backup: string, input: Omit<RestoreInput, 'backup'>) =>
      start('restore', async () => {
        const { restore } = await import('./commands/restore.ts');
        return (context) => restore(context, { ...input, backup });
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

  program
    .command('doctor')
    .description(
      'look at everything that backups need, and at how good they are: one line each, OK, WARN or FAILED',
    )
    .option(
      '--max-age <duration>',
      'how old the last good backup may be: 26h, 8d (default: what the schedule in the configuration says, else 26h)',
    )
    .action((input: DoctorInput) =>
      start('doctor', async () => {
        const { doctor } = await import('./commands/doctor.ts');
        return (context) => doctor(context, input);
      }),
    );

  program
    .command('copy')
    .description('copy one backup to another target, with the archives that it needs')
    .argument('<backup>', 'a name as `list` prints it, or latest')
    .requiredOption('--to <name>', 'target to copy to')
    .option('--from <name>', 'target to copy from (default: the first of the configuration)')
    .action((backup: string, input: Omit<CopyInput, 'backup'>) =>
      start('copy', async () => {
        const { copy } = await import('./commands/copy.ts');
        return (context) => copy(context, { ...input, backup });
      }),
    );

  program
    .command('import')
    .description(
      'bring in what other tools left, as backups of their own time: OpenQuant archives, EXPORT DATABASE folders, copied database files, or a folder of these',
    )
    .argument('<path>', 'file or folder')
    .option(
      '--target <name>',
      'write to this target; may be repeated (default: those of the configuration)',
      collect,
      [],
    )
    .option('--time <time>', 'when it was made, if the files do not tell: 2026-11-22T02:00:00Z')
    .option('--as <path>', 'the database that a copy or an export is of')
    .option('--dry-run', 'only say what would be imported', false)
    .action((path: string, input: Omit<ImportInput, 'path'>) =>
      start('import', async () => {
        const { importCommand } = await import('./commands/import.ts');
        return (context) => importCommand(context, { ...input, path });
      }),
    );

  program
    .command('repair')
    .description('list backups again whose manifest or index was lost or damaged, from their archives')
    .option('--dry-run', 'only say what would be done', false)
    .addOption(oneTarget('only on this target'))
    .action((input: RepairInput) =>
      start('repair', async () => {
        const { repair } = await import('./commands/repair.ts');
        return (context) => repair(context, input);
      }),
    );

  addKeyCommands(program, start);

  program
    .command('target')
    .description('see whether targets work')
    .command('check')
    .description(
      'try everything that backups need under a prefix of its own; say what the target can and cannot do',
    )
    .argument('[name]', 'only this target')
    .option('--quick', 'only write, read, list and delete one probe object', false)
    .action((name: string | undefined, { quick }: { readonly quick: boolean }) =>
      start('target check', async () => {
        const { targetCheck } = await import('./commands/target-check.ts');
        return (context) => targetCheck(context, { name, quick });
      }),
    );

  program
    .command('status')
    .description(
      'whether there is a good backup that is young enough, for Nagios and its like: ends with 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN',
    )
    .option('--max-age <duration>', 'how old the last good backup on each target may be: 26h, 7d', '26h')
    .option('--timeout <duration>', 'how long a target may take to answer', '30s')
    .addOption(oneTarget('only of this target'))
    .action((input: StatusInput) =>
      start('status', async () => {
        const { status } = await import('./commands/status.ts');
        return (context) => status(context, input);
      }),
    );

  program
    .command('notify')
    .description('see whether those who are to be told can be reached')
    .command('test')
    .description('send a test message to every channel, or to one')
    .argument('[channel]', 'only this channel')
    .action((name: string | undefined) =>
      start('notify test', async () => {
        const { notifyTest } = await import('./commands/notify-test.ts');
        return (context) => notifyTest(context, name);
      }),
    );
  addScheduleCommands(program, start);
  return program;
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

function oneTarget(what: string): Option {
  return new Option('--target <name>', what);
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

function toCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number, 0 or more.');
  return Number(text);
}
