/** How to get data back with nothing but what is on the sheet, a backup, and Debian's tools. */
import type { SheetKey } from './sheet-keys.ts';

export interface SheetStep {
  readonly text: string;
  /** One a line, for a POSIX shell. */
  readonly commands?: readonly string[];
}

/** @param keys At least one. A passphrase is alone. */
export function sheetSteps(keys: readonly SheetKey[]): readonly SheetStep[] {
  const byPassphrase = keys.some(({ kind }) => kind === 'passphrase');
  const encrypted = keys.some(({ kind }) => kind === 'encrypted');
  const options = byPassphrase ? '' : '-i key.txt ';
  const keyLine = byPassphrase
    ? 'encryption: { passphrase: prompt }'
    : 'encryption: { identities: [{ file: key.txt }] }';
  return [
    install(keys),
    ...(byPassphrase ? [] : [writeDown(encrypted)]),
    {
      text: 'Get a backup from one of the places above: backup_DATE_TIME.json and the archive of that name. This must print a line for a full backup; DATE_TIME is the newest that does, in UTC:',
      commands: [`grep '"kind": "full"' backup_DATE_TIME.json`],
    },
    {
      text: `Decrypt and unpack it into an empty folder.${byPassphrase ? ' age asks for the passphrase.' : ''}${encrypted ? ' age asks for the passphrase of the key.' : ''} If age or tar prints an error, what it wrote is not whole: take another backup.`,
      commands: [
        'mkdir restored',
        `age -d ${options}backup_DATE_TIME.tar.zst.age | tar --zstd -x -C restored`,
      ],
    },
    {
      text: 'For an archive that ends in .tar.gz.age, or in .tar.age:',
      commands: [
        `age -d ${options}backup_DATE_TIME.tar.gz.age | tar -xz -C restored`,
        `age -d ${options}backup_DATE_TIME.tar.age | tar -x -C restored`,
      ],
    },
    {
      text: 'Each database is a file; NAME.wal beside it holds its last commits and belongs to it: copy both or neither, into a folder where no NAME and no NAME.wal lies. backup_metadata.json says where each came from. Open it with DuckDB.',
    },
    {
      text: `A backup that is not full ("kind": "incremental") holds what had changed, and needs the archives that its .json names. Quackup puts it together (https://github.com/quackup/quackup), or docs/assemble.py from there with Python. For Quackup, quackup.yaml must name the place of the backups under targets, and the key: ${keyLine}`,
      commands: ['quackup restore latest --restore-dir restored'],
    },
  ];
}

function install(keys: readonly SheetKey[]): SheetStep {
  const newer = keys.some(({ postQuantum }) => postQuantum === true)
    ? ' The key is post-quantum: age must be version 1.3 or newer (age --version); if it is not, https://github.com/FiloSottile/age has it.'
    : '';
  return {
    text: `On Debian or Ubuntu, install the tools.${newer}`,
    commands: ['sudo apt-get install age tar zstd'],
  };
}

function writeDown(encrypted: boolean): SheetStep {
  return encrypted
    ? {
        text: 'Scan the code, or type every line of the key from -----BEGIN to END-----, and end with Ctrl-D. The second command asks for the passphrase and must print the key, AGE-SECRET-KEY-...',
        commands: ['(umask 077; cat > key.txt)', 'age -d key.txt'],
      }
    : {
        text: 'Scan the code or type the key (one key a line), and end with Ctrl-D. The second command must print the recipients that are written above; a mistyped key is refused.',
        commands: ['(umask 077; cat > key.txt)', 'age-keygen -y key.txt'],
      };
}
