import type { Command } from 'commander';

import { collect, oneTarget } from './command-options.ts';
import type { CopyInput } from './commands/copy.ts';
import type { ImportInput } from './commands/import.ts';
import type { RepairInput } from './commands/repair.ts';
import type { Start } from './start.ts';

/** What can be typed to bring backups from one place to another, and to put a target in order. */
export function addMoveCommands(program: Command, start: Start): void {
  program
    .command('copy')
    .description('copy one backup to another target, with the archives that it needs')
    .argument('<backup>', 'a name as `list` prints it, or latest')
    .requiredOption('--to <name>', 'target to copy to')
    .option('--from <name>', 'target to copy from (default: the first of the configuration)')
    .option('--repair', 'also read what is there already, and write again what is damaged', false)
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
}
