/**
 * Where the demo keeps things:
 *
 *   demo/quackup.yaml                 the configuration; kept if it is there
 *   demo/data/*.duckdb                the databases; kept if they are there
 *   demo/backups/                     the target
 *   demo/restored/*.duckdb            what was restored; replaced by the next run
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface DemoPlaces {
  /** Absolute paths. */
  readonly folder: string;
  readonly config: string;
  readonly data: string;
  readonly backups: string;
  readonly restored: string;
  /** The folder as the user would type it. */
  readonly shown: string;
}

/** @param shown `folder` as the user would type it. */
export function demoPlaces(folder: string, shown: string): DemoPlaces {
  return {
    folder,
    config: join(folder, 'quackup.yaml'),
    data: join(folder, 'data'),
    backups: join(folder, 'backups'),
    restored: join(folder, 'restored'),
    shown,
  };
}

export const DATABASE_NAMES = ['results.duckdb', 'audit_trail.duckdb', 'tca.duckdb'] as const;

const CONFIG = `# The configuration of the demo. Paths are relative to this file.
databases:
${DATABASE_NAMES.map((name) => `  - path: data/${name}`).join('\n')}
targets:
  local: { type: local, path: ./backups }
backup:
  targets: [local]
  compression: { algorithm: zstd, level: 3 }
retention: { keepDays: 30, minCount: 5 }
`;

/** Makes the folder, writes the configuration unless there is one, and removes what an earlier run restored. */
export async function preparePlaces(places: DemoPlaces): Promise<void> {
  await mkdir(places.folder, { recursive: true });
  await writeFile(places.config, CONFIG, { flag: 'wx' }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  });
  for (const name of DATABASE_NAMES) {
    for (const suffix of ['', '.wal']) await rm(join(places.restored, `${name}${suffix}`), { force: true });
  }
}
