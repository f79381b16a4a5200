import type { Command } from 'commander';

import { oneTarget } from './command-options.ts';
import type { DoctorInput } from './commands/doctor.ts';
import type { StatusInput } from './commands/status.ts';
import type { Start } from './start.ts';

/** What can be typed to see whether backups are, and will be, as they should. */
export function addCheckCommands(program: Command, start: Start): void {
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
}
