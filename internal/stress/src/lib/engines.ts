import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Engines by the number that `--engines` takes, each with the release of its package. */
export const ENGINES = {
  '1.2': '1.2.2-alpha.19',
  '1.3': '1.3.2-alpha.26',
  '1.4': '1.4.5-r.1',
  '1.5': '1.5.6-r.1',
} as const;

export type Engine = keyof typeof ENGINES;

/** The storage version that makes an engine write its newest format. */
export const LATEST_STORAGE: Readonly<Record<Engine, string>> = {
  '1.2': 'v1.2.0',
  '1.3': 'v1.3.0',
  '1.4': 'v1.4.0',
  '1.5': 'v1.5.0',
};

/**
 * Where the package of an engine is. The workspace has the newest; the others weigh 60 to 100 MB each, so they are fetched
 * into `folder` when they are asked for first.
 *
 * @throws Error if npm cannot fetch them.
 */
export function enginePaths(engines: readonly Engine[], folder: string): ReadonlyMap<Engine, string> {
  const paths = new Map<Engine, string>([
    ['1.5', createRequire(import.meta.url).resolve('@duckdb/node-api')],
  ]);
  const missing = engines.filter((engine) => engine !== '1.5' && !existsSync(installed(folder, engine)));
  if (missing.length > 0) {
    mkdirSync(folder, { recursive: true });
    const dependencies = Object.fromEntries(
      Object.entries(ENGINES)
        .filter(([engine]) => engine !== '1.5')
        .map(([engine, version]) => [`duckdb-${engine}`, `npm:@duckdb/node-api@${version}`]),
    );
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
    const { status, stderr } = spawnSync('npm', ['install', '--no-audit', '--no-fund'], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`the engines could not be installed in ${folder}: ${stderr}`);
  }
  for (const engine of engines) {
    if (engine !== '1.5')
      paths.set(engine, createRequire(join(folder, 'package.json')).resolve(`duckdb-${engine}`));
  }
  return paths;
}

const installed = (folder: string, engine: Engine): string =>
  join(folder, 'node_modules', `duckdb-${engine}`);
