import type { CliIo } from './cli-io.ts';
import { colorsFor } from './colors.ts';
import { CommandContext } from './command-context.ts';
import { EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE } from './exit-codes.ts';
import { buildProgram } from './program.ts';
import { type ErrorReport, renderError } from './render/error.ts';
import { CommanderError } from 'commander';

/**
 * Runs one command line.
 *
 * @param argv The arguments after the program's name.
 * @returns the exit code: 0 all well, 1 failed (wholly or in part), 2 wrong usage or configuration, 3 damage found,
 *   4 another quackup holds the lease, 130 interrupted. Never rejects.
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  let exitCode: number = EXIT_OK;
  let command = '';
  const program = buildProgram(io, async (name, options, load) => {
    command = name;
    const context = new CommandContext(io, options);
    const run = await load();
    exitCode = await run(context);
  });
  try {
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT_OK;
    const report = await explain(error, command, io);
    if (isStatus(argv)) return (await import('./status/report-unknown.ts')).reportUnknown(report, argv, io);
    // What could not be parsed has no options; these two decide how the error itself looks.
    const colors = colorsFor(io.stderr, io.env, !argv.includes('--no-color'));
    if (argv.includes('--json')) {
      const { code, message, hint } = report;
      io.stdout.write(`${JSON.stringify({ error: { code, message, hint: hint ?? null } }, null, 2)}\n`);
    } else {
      const verbose = argv.includes('--verbose') ? error : undefined;
      io.stderr.write(`${renderError(report, colors, verbose).join('\n')}\n`);
    }
    return report.exitCode;
  }
}

/** Its exit codes are those of monitoring plugins, also when it is called wrongly: 2 would be CRITICAL. */
function isStatus(argv: readonly string[]): boolean {
  const word = argv.find((each, index) => !each.startsWith('-') && argv[index - 1] !== '--config');
  return word === 'status';
}

async function explain(error: unknown, command: string, io: CliIo): Promise<ErrorReport> {
  if (error instanceof CommanderError) return usageReport(error, command);
  if (io.signal.aborted) return interruptedReport(command);
  // Core is loaded by now, unless loading it is what failed.
  const { describeError } = await import('./describe-error.ts');
  return describeError(error);
}

function usageReport(error: CommanderError, command: string): ErrorReport {
  return {
    code: 'USAGE',
    message: error.code === 'commander.help' ? 'a command is missing' : error.message.replace(/^error: /, ''),
    hint: `quackup ${command === '' ? '' : `${command} `}--help`,
    exitCode: EXIT_USAGE,
  };
}

const STATE_AFTER_INTERRUPTION: Readonly<Record<string, string>> = {
  backup: 'no backup was made; what was already stored of it is never listed, and a later cleanup removes it',
  restore: 'every database is either as it was or wholly restored; the next restore says which',
  daily:
    'what was begun is not listed unless it is whole; some old backups may have been removed, the others are whole',
  import: 'what is listed is whole; what was begun is not listed',
  rekey:
    'some backups may be for the new recipients already, one of them in part; the others are as they were',
  cleanup: 'some backups may have been removed, the others are whole',
};

function interruptedReport(command: string): ErrorReport {
  const state = STATE_AFTER_INTERRUPTION[command] ?? 'nothing was changed';
  return {
    code: 'INTERRUPTED',
    message: `the run was interrupted: ${state}`,
    hint: 'run the same command again',
    exitCode: EXIT_INTERRUPTED,
  };
}
