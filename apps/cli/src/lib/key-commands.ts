import type { Command } from 'commander';

import type { KeygenInput } from './commands/keygen.ts';
import type { RecoverySheetInput } from './commands/recovery-sheet.ts';
import type { RekeyInput } from './commands/rekey.ts';
import type { Start } from './start.ts';

/** What can be typed about the keys of encrypted backups. */
export function addKeyCommands(program: Command, start: Start): void {
  program
    .command('keygen')
    .description('make a key for encrypted backups: the secret key in a file, its recipient on stdout')
    .option('--out <file>', 'file for the secret key; - for stdout (default: quackup-key.txt)')
    .option('--passphrase', 'encrypt the file with a passphrase that is asked for', false)
    .option('--post-quantum', 'a key that quantum computers do not open either (age 1.3 and newer)', false)
    .action((input: KeygenInput) =>
      start('keygen', async () => {
        const { keygen } = await import('./commands/keygen.ts');
        return (context) => keygen(context, input);
      }),
    );

  program
    .command('rekey')
    .description(
      'make the backups that are there readable for the recipients of the configuration, and nobody else',
    )
    .option('--dry-run', 'only say what would be changed, and how many bytes that moves', false)
    .option('--target <name>', 'only on this target')
    .action((input: RekeyInput) =>
      start('rekey', async () => {
        const { rekey } = await import('./commands/rekey.ts');
        return (context) => rekey(context, input);
      }),
    );

  program
    .command('recovery-sheet')
    .description('write the secret key and how to restore without Quackup on a page for printing')
    .option('--key <file>', 'file of the secret key (default: the identities of the configuration)')
    .option('--out <file>', 'file to write, .html or .txt', 'quackup-recovery.html')
    .action((input: RecoverySheetInput) =>
      start('recovery-sheet', async () => {
        const { recoverySheet } = await import('./commands/recovery-sheet.ts');
        return (context) => recoverySheet(context, input);
      }),
    );
}
