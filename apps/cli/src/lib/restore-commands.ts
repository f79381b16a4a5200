import { type Command, Option } from 'commander';

import { oneTarget, type OneTarget } from './command-options.ts';
import type { RestoreInput } from './commands/restore.ts';
import type { VerifyInput } from './commands/verify.ts';
import type { Start } from './start.ts';

/** What can be typed to see what there is, to prove it, and to get it back. */
export function addRestoreCommands(program: Command, start: Start): void {
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
}
