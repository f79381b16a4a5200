/**
 * The tools that are compared: how each makes a first full backup and restores it, as its own manual says. Where a tool
 * has a choice it gets its default, or zstd level 3, which is Quackup's; each exception is named beside it.
 */
import { basename, dirname, join } from 'node:path';

import type { Stage } from './measure.ts';

/** The folders of one run. All of them are new and empty, whatever was there before. */
export interface Place {
  /** The file to back up. */
  readonly database: string;
  /** What a tool puts here is the backup. */
  readonly store: string;
  /** Where the database is restored to, here or somewhere below. */
  readonly restored: string;
  /** For a tool's caches and settings. */
  readonly home: string;
}

/** Programs that run as a pipeline, in a folder. */
export interface Step {
  readonly cwd: string;
  readonly stages: readonly Stage[];
}

export const TOOL_IDS = [
  'quackup',
  'quackup-age',
  'tar-zstd',
  'tar-pigz',
  'restic',
  'borg',
  'borg-repokey',
  'python-gzip',
] as const;
export type ToolId = (typeof TOOL_IDS)[number];

export interface Tool {
  readonly id: ToolId;
  readonly title: string;
  /** Only run if it is asked for. */
  readonly extra?: boolean;
  /** Each prints its version and so shows that it is there. */
  readonly versions: readonly Stage[];
  /** Whether a backup is on the disk when the tool ends (seen by strace), and what of a restore is. */
  readonly syncs: { readonly backup: boolean; readonly restore: boolean };
  /** Free blocks may come back as zeros: DuckDB never reads them. Otherwise every byte must. */
  readonly leavesFreeBlocksOut: boolean;
  readonly env: (place: Place) => Readonly<Record<string, string>>;
  /** What must be there before the first backup. Not timed. */
  readonly prepare?: (place: Place) => Step;
  readonly backup: (place: Place) => Step;
  readonly restore: (place: Place) => Step;
}

export interface Programs {
  /** Starts Quackup's command line. */
  readonly quackup: Stage;
  /** A Python interpreter itself, no script that looks for one; absent if there is none. */
  readonly python: string | undefined;
}

export function toolTable({ quackup, python }: Programs): readonly Tool[] {
  return [
    {
      id: 'quackup',
      title: 'quackup',
      versions: [[...quackup, '--version']],
      syncs: { backup: true, restore: true },
      leavesFreeBlocksOut: true,
      env: () => ({}),
      backup: ({ database, store }) => ({ cwd: store, stages: [[...quackup, 'backup', database]] }),
      restore: ({ store, restored }) => ({
        cwd: store,
        stages: [[...quackup, 'restore', 'latest', '--restore-dir', restored]],
      }),
    },
    quackupEncrypted(quackup),
    throughTar('tar-zstd', 'tar | zstd -T0 -3', ['zstd', '-q', '-T0', '-3'], ['zstd', '-q', '-dc']),
    {
      ...throughTar('tar-pigz', 'tar | pigz (level 6)', ['pigz', '-6'], ['pigz', '-dc']),
      extra: true,
    },
    {
      id: 'restic',
      title: 'restic',
      versions: [['restic', 'version']],
      syncs: { backup: true, restore: false },
      leavesFreeBlocksOut: false,
      env: ({ home }) => ({ RESTIC_PASSWORD: 'bench', RESTIC_CACHE_DIR: join(home, 'cache') }),
      prepare: ({ store }) => ({ cwd: store, stages: [['restic', '-q', '-r', store, 'init']] }),
      backup: ({ database, store }) => ({
        cwd: dirname(database),
        stages: [['restic', '-q', '-r', store, 'backup', basename(database)]],
      }),
      restore: ({ store, restored }) => ({
        cwd: restored,
        stages: [['restic', '-q', '-r', store, 'restore', 'latest', '--target', restored]],
      }),
    },
    {
      id: 'borg',
      title: 'borg (zstd,3; no encryption)',
      versions: [['borg', '--version']],
      syncs: { backup: true, restore: false },
      leavesFreeBlocksOut: false,
      env: ({ home }) => ({ BORG_BASE_DIR: home, BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes' }),
      prepare: ({ store }) => ({ cwd: store, stages: [['borg', 'init', '--encryption=none', store]] }),
      backup: ({ database, store }) => ({
        cwd: dirname(database),
        stages: [['borg', 'create', '--compression', 'zstd,3', `${store}::bench`, basename(database)]],
      }),
      restore: ({ store, restored }) => ({ cwd: restored, stages: [['borg', 'extract', `${store}::bench`]] }),
    },
    borgEncrypted(),
    pythonTarfile(python ?? 'python3'),
  ];
}

/** A key for the benchmark, which protects nothing. */
const KEY = {
  recipient: 'age1x5vlyfcv6negs2mu6hdz72z5fm87fzfclmjascqxr97dtnxz6shqc5jduq',
  secret: 'AGE-SECRET-KEY-12V07KZG5QYLF6SRUN3D0DZQL2X7H2V36SFWL8VK9PJ0EKPXHN3ZST4WARP',
};

/** For a public key; the restore takes the secret one. What the last backup was is remembered below `home`. */
function quackupEncrypted(quackup: Stage): Tool {
  return {
    id: 'quackup-age',
    title: 'quackup (encrypted)',
    versions: [[...quackup, '--version']],
    syncs: { backup: true, restore: true },
    leavesFreeBlocksOut: true,
    env: () => ({}),
    prepare: ({ store, home }) => {
      const config = `encryption: { recipients: [${KEY.recipient}], identities: { file: ${JSON.stringify(join(home, 'key.txt'))} } }`;
      const write = 'printf "%s\\n" "$1" > "$2" && printf "%s\\n" "$3" > quackup.yaml';
      return { cwd: store, stages: [['sh', '-c', write, 'sh', KEY.secret, join(home, 'key.txt'), config]] };
    },
    backup: ({ database, store }) => ({ cwd: store, stages: [[...quackup, 'backup', database]] }),
    restore: ({ store, restored }) => ({
      cwd: store,
      stages: [[...quackup, 'restore', 'latest', '--restore-dir', restored]],
    }),
  };
}

/** With its usual encryption: the key in the repository, under a passphrase. */
function borgEncrypted(): Tool {
  return {
    id: 'borg-repokey',
    title: 'borg (zstd,3; repokey-blake2)',
    versions: [['borg', '--version']],
    syncs: { backup: true, restore: false },
    leavesFreeBlocksOut: false,
    env: ({ home }) => ({ BORG_BASE_DIR: home, BORG_PASSPHRASE: 'bench' }),
    prepare: ({ store }) => ({
      cwd: store,
      stages: [['borg', 'init', '--encryption=repokey-blake2', store]],
    }),
    backup: ({ database, store }) => ({
      cwd: dirname(database),
      stages: [['borg', 'create', '--compression', 'zstd,3', `${store}::bench`, basename(database)]],
    }),
    restore: ({ store, restored }) => ({ cwd: restored, stages: [['borg', 'extract', `${store}::bench`]] }),
  };
}

const tarArchive = (store: string): string => join(store, 'backup.tar.compressed');

/** The classic: one file, written and read from its start to its end. */
function throughTar(id: ToolId, title: string, compress: Stage, decompress: Stage): Tool {
  const [program] = compress;
  return {
    id,
    title,
    versions: [
      ['tar', '--version'],
      [program, '--version'],
    ],
    syncs: { backup: false, restore: false },
    leavesFreeBlocksOut: false,
    env: () => ({}),
    backup: ({ database, store }) => ({
      cwd: store,
      stages: [
        ['tar', '-c', '-f', '-', '-C', dirname(database), basename(database)],
        // A shell's `>`, for programs that can only write to stdout under another name.
        ['sh', '-c', 'out=$1; shift; exec "$@" > "$out"', 'sh', tarArchive(store), ...compress],
      ],
    }),
    restore: ({ store, restored }) => ({
      cwd: restored,
      stages: [
        [...decompress, tarArchive(store)],
        ['tar', '-x', '-f', '-'],
      ],
    }),
  };
}

/** What OpenQuant, which Quackup replaces, did: `tarfile` with gzip at level 9. */
function pythonTarfile(python: string): Tool {
  const backup =
    "import sys, tarfile\nwith tarfile.open('backup.tar.gz', 'w:gz', compresslevel=9) as t: t.add(sys.argv[1], sys.argv[2])";
  const restore = "import sys, tarfile\nwith tarfile.open(sys.argv[1], 'r:gz') as t: t.extractall('.')";
  return {
    id: 'python-gzip',
    title: 'Python tarfile, gzip 9',
    versions: [[python, '--version']],
    syncs: { backup: false, restore: false },
    leavesFreeBlocksOut: false,
    env: () => ({}),
    backup: ({ database, store }) => ({
      cwd: store,
      stages: [[python, '-c', backup, database, basename(database)]],
    }),
    restore: ({ store, restored }) => ({
      cwd: restored,
      stages: [[python, '-c', restore, join(store, 'backup.tar.gz')]],
    }),
  };
}
