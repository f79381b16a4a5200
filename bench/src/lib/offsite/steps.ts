/**
 * What is measured with a bucket: each step by each tool, as its own manual says. Tools have their defaults; Quackup's and
 * restic's data are compressed by themselves, rclone copies the archive that Quackup has made.
 */
import { dirname, basename, join } from 'node:path';

import type { Stage } from '../measure.ts';

export const STEPS = ['send', 'backup', 'fetch', 'restore'] as const;
export type OffsiteStep = (typeof STEPS)[number];

export const STEP_TITLES: Readonly<Record<OffsiteStep, string>> = {
  send: 'The same archive, from a folder to the bucket',
  backup: 'A first full backup of the database into the bucket',
  fetch: 'The same archive, from the bucket to a folder',
  restore: 'The database restored from the bucket',
};

/** Where a round takes place. */
export interface OffsitePlace {
  /** URL of the S3 service; its bucket is called `bench`. */
  readonly endpoint: string;
  readonly database: string;
  /** The archive that Quackup has written to a folder. */
  readonly archive: string;
  /** Configuration of Quackup with the targets `here`, `copied` and `bucket`. */
  readonly config: string;
  /** Empty, for what is fetched and restored. */
  readonly into: string;
}

export interface OffsiteTool {
  readonly id: 'quackup' | 'rclone' | 'restic';
  readonly title: string;
  readonly versions: readonly Stage[];
  readonly env: (place: OffsitePlace) => Readonly<Record<string, string>>;
  /** Not timed. */
  readonly prepare?: (place: OffsitePlace) => Stage;
  readonly steps: Partial<Readonly<Record<OffsiteStep, (place: OffsitePlace) => Stage>>>;
}

const onRclone = (archive: string): string => `:s3:bench/rclone/${basename(archive)}`;

/** `tool a b c` from the words of a line; the last words may hold spaces. */
const command = (line: string, ...rest: readonly string[]): Stage => {
  const [program = '', ...args] = line.split(' ');
  return [program, ...args, ...rest];
};

/** @param quackup Starts Quackup's command line. */
export function offsiteTools(quackup: Stage): readonly OffsiteTool[] {
  const own = ({ config }: OffsitePlace, line: string, ...rest: readonly string[]): Stage => [
    ...quackup,
    '--config',
    config,
    ...line.split(' '),
    ...rest,
  ];
  return [
    {
      id: 'quackup',
      title: 'quackup',
      versions: [[...quackup, '--version']],
      env: () => ({}),
      steps: {
        send: (place) => own(place, 'copy latest --from here --to copied'),
        backup: (place) => own(place, 'backup --target bucket'),
        fetch: (place) => own(place, 'copy latest --from copied --to back'),
        restore: (place) => own(place, 'restore latest --target bucket --restore-dir', place.into),
      },
    },
    {
      id: 'rclone',
      title: 'rclone copyto',
      versions: [['rclone', 'version']],
      env: ({ endpoint }) => ({
        RCLONE_CONFIG: '/dev/null',
        RCLONE_S3_PROVIDER: 'Ceph',
        RCLONE_S3_ENDPOINT: endpoint,
        RCLONE_S3_ACCESS_KEY_ID: 'testkey',
        RCLONE_S3_SECRET_ACCESS_KEY: 'testsecret',
      }),
      steps: {
        send: ({ archive }) => command('rclone copyto', archive, onRclone(archive)),
        fetch: ({ archive, into }) =>
          command('rclone copyto', onRclone(archive), join(into, basename(archive))),
      },
    },
    {
      id: 'restic',
      title: 'restic',
      versions: [['restic', 'version']],
      env: ({ endpoint, into }) => ({
        RESTIC_PASSWORD: 'bench',
        RESTIC_CACHE_DIR: join(dirname(into), 'restic-cache'),
        RESTIC_REPOSITORY: `s3:${endpoint}/bench/restic`,
        AWS_ACCESS_KEY_ID: 'testkey',
        AWS_SECRET_ACCESS_KEY: 'testsecret',
      }),
      prepare: () => ['restic', '-q', 'init'],
      steps: {
        backup: ({ database }) => ['restic', '-q', 'backup', database],
        restore: ({ into }) => ['restic', '-q', 'restore', 'latest', '--target', into],
      },
    },
  ];
}

/** The life of a backup in the bucket after the first one. Run by Quackup alone, in this order. */
export const LIFE = ['full', 'incremental', 'verify', 'restore', 'cleanup'] as const;
export type LifeStep = (typeof LIFE)[number];

/** What Quackup is told for each step of {@link LIFE}. Before `incremental` one percent of the rows is updated. */
const LIFE_ARGUMENTS: Readonly<Record<LifeStep, readonly string[]>> = {
  full: ['backup', '--full'],
  incremental: ['backup'],
  verify: ['verify', '--all'],
  restore: ['restore', 'latest'],
  cleanup: ['cleanup', '--keep-days', '0', '--min-count', '0', '--keep-last', '1'],
};

/** The command of a step of {@link LIFE}. */
export function lifeStage(quackup: Stage, step: LifeStep, { config, into }: OffsitePlace): Stage {
  const where = step === 'restore' ? ['--restore-dir', into] : [];
  return [...quackup, '--config', config, ...LIFE_ARGUMENTS[step], '--target', 'bucket', ...where];
}

/** The configuration, as YAML. */
export function offsiteConfig(endpoint: string, database: string): string {
  const bucket = (prefix: string): string =>
    `{ type: s3, bucket: bench, prefix: ${prefix}/, endpoint: '${endpoint}', accessKeyId: testkey, secretAccessKey: testsecret }`;
  return `databases: [{ path: ${JSON.stringify(database)} }]
targets:
  here: { type: local, path: ./here }
  back: { type: local, path: ./back }
  copied: ${bucket('copied')}
  bucket: ${bucket('own')}
backup: { targets: [here] }
`;
}
