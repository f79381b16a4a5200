import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Engines by the number that `--engines` takes, oldest first, each with the release of its package. */
export const ENGINES = {
  '1.2': '1.2.2-alpha.19',
  '1.3': '1.3.2-alpha.26',
  '1.4': '1.4.5-r.1',
  '1.5': '1.5.6-r.1',
} as const;

export type Engine = keyof typeof ENGINES;

export const ALL_ENGINES: readonly Engine[] = ['1.2', '1.3', '1.4', '1.5'];

/** What the engine says of its version. */
export const versionOf = (engine: Engine): string => `v${ENGINES[engine].split('-')[0] ?? ''}`;

/** The storage version that makes an engine write its newest format. */
export const latestStorage = (engine: Engine): string => `v${engine}.0`;

/**
 * Where the package of an engine is. The workspace has the newest; the others weigh 60 to 100 MB each, so they are fetched
 * into `folder` when they are asked for first.
 *
 * @throws Error if npm cannot fetch them.
 */
export function enginePaths(engines: readonly Engine[], folder: string): ReadonlyMap<Engine, string> {
  const paths = new Map<Engine, string>();
  const fetched = engines.filter((engine) => engine !== '1.5');
  if (fetched.some((engine) => !existsSync(join(folder, 'node_modules', alias(engine))))) fetchInto(folder);
  for (const engine of fetched) {
    paths.set(engine, createRequire(join(folder, 'package.json')).resolve(alias(engine)));
  }
  if (engines.includes('1.5')) {
    paths.set('1.5', createRequire(import.meta.url).resolve('@duckdb/node-api'));
  }
  return paths;
}

function fetchInto(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const dependencies = Object.fromEntries(
    ALL_ENGINES.filter((engine) => engine !== '1.5').map((engine) => [
      alias(engine),
      `npm:@duckdb/node-api@${ENGINES[engine]}`,
    ]),
  );
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
  const { status, stderr } = spawnSync('npm', ['install', '--no-audit', '--no-fund'], {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`the engines could not be installed in ${folder}: ${stderr}`);
}

const alias = (engine: Engine): string => `duckdb-${engine}`;
