import { Command } from 'commander';

import { addBackupCommands } from './backup-commands.ts';
import { addCheckCommands } from './check-commands.ts';
import type { CliIo } from './cli-io.ts';
import type { GlobalOptions } from './global-options.ts';
import { addKeyCommands } from './key-commands.ts';
import { addMoveCommands } from './move-commands.ts';
import { refuseRepeats } from './refuse-repeats.ts';
import { addRestoreCommands } from './restore-commands.ts';
import { addScheduleCommands } from './schedule-commands.ts';
import type { Run, Start } from './start.ts';
import { VERSION } from './version.ts';

/** As {@link Start}, with what was typed before the command. */
export type Execute = (name: string, options: GlobalOptions, load: () => Promise<Run>) => Promise<void>;

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
  const start: Start = (name, load) => execute(name, program.opts<GlobalOptions>(), load);
  addBackupCommands(program, start);
  addRestoreCommands(program, start);
  addMoveCommands(program, start);
  addKeyCommands(program, start);
  addCheckCommands(program, start);
  addScheduleCommands(program, start);
  refuseRepeats(program);
  return program;
}
