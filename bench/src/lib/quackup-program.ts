/**
 * Puts the command line together as npm would install it: each package built by `tsc`, with the exports that it is
 * published with, and its dependencies where Node looks for them. Built anew for each benchmark, so never stale.
 *
 *     app/core/package.json                exports → dist
 *     app/core/dist/
 *     app/core/node_modules/@quackup/…     links to the other packages built here
 *     app/core/node_modules/zod            link to the installed package
 */
import { mkdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import type { Stage } from './measure.ts';
import { type ProcessOptions, runProcess } from './run-process.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** In an order in which each comes after what it needs. */
const PACKAGES: readonly (readonly [folder: string, name: string])[] = [
  ['packages/target-api', '@quackup/target-api'],
  ['packages/duckdb-file', '@quackup/duckdb-file'],
  ['packages/age', '@quackup/age'],
  ['packages/core', '@quackup/core'],
  ['packages/target-local', '@quackup/target-local'],
  ['packages/target-s3', '@quackup/target-s3'],
  ['packages/target-azure', '@quackup/target-azure'],
  ['packages/target-gcs', '@quackup/target-gcs'],
  ['apps/cli', 'quackup'],
];

const packageJson = z.looseObject({
  publishConfig: z.looseObject({ exports: z.unknown() }),
  dependencies: z.record(z.string(), z.string()).default({}),
});

export interface QuackupProgram {
  readonly command: Stage;
  /** `built`: as it is published. `sources`: TypeScript that Node strips as it loads, because a build failed. */
  readonly kind: 'built' | 'sources';
  /** Why it was not built. */
  readonly reason?: string;
}

/** Builds the command line in a folder; falls back on the sources if they do not compile. */
export async function quackupProgram(app: string, options: ProcessOptions): Promise<QuackupProgram> {
  // As the first line of the program has it: see apps/cli/src/bin.ts.
  const node = [process.execPath, '--max-semi-space-size=2'] as const;
  try {
    for (const [folder, name] of PACKAGES)
      await buildPackage(join(ROOT, folder), join(app, name), app, options);
    return { command: [...node, join(app, 'quackup', 'dist', 'bin.js')], kind: 'built' };
  } catch (error) {
    options.signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    return { command: [...node, join(ROOT, 'apps/cli/src/bin.ts')], kind: 'sources', reason };
  }
}

async function buildPackage(
  source: string,
  built: string,
  app: string,
  options: ProcessOptions,
): Promise<void> {
  const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
  await mkdir(join(built, 'node_modules'), { recursive: true });
  await runProcess(
    tsc,
    ['-p', join(source, 'tsconfig.build.json'), '--outDir', join(built, 'dist')],
    options,
  );
  const { publishConfig, ...rest } = packageJson.parse(
    JSON.parse(await readFile(join(source, 'package.json'), 'utf8')),
  );
  await writeFile(
    join(built, 'package.json'),
    JSON.stringify({ ...rest, exports: publishConfig.exports }, null, 2),
  );
  for (const dependency of Object.keys(rest.dependencies)) {
    const ours = PACKAGES.some(([, name]) => name === dependency);
    const place = join(built, 'node_modules', dependency);
    await mkdir(dirname(place), { recursive: true });
    await symlink(
      ours ? join(app, dependency) : await realpath(join(source, 'node_modules', dependency)),
      place,
    );
  }
}
