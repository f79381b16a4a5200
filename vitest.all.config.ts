/**
 * The tests of all packages in one run, for `npm test`: as long as there is a file left, no core waits for the last file of a package.
 */
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { defineConfig, mergeConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

import single from './vitest.config.ts';

const folders = ['packages', 'apps', 'internal', 'examples']
  .flatMap((group) => readdirSync(join(import.meta.dirname, group)).map((name) => `${group}/${name}`))
  .concat('bench')
  .filter((folder) => existsSync(join(import.meta.dirname, folder, 'test')));

/**
 * The files that take longest. They begin first, so that none of them is alone at the end; the others follow by their size. Those that
 * wait for a server most of the time stand apart: beside them there is work for every core.
 */
const LONGEST = [
  'packages/target-s3/test/rgw.test.ts',
  'internal/e2e/test/kill.test.ts',
  'internal/e2e/test/cloud/clouds.test.ts',
  'internal/e2e/test/hot-backup.test.ts',
  'packages/target-s3/test/conformance.test.ts',
  'packages/core/test/backup/faults.test.ts',
  'internal/e2e/test/cloud/rgw.test.ts',
  'packages/core/test/backup/incremental.test.ts',
  'internal/e2e/test/year/year.test.ts',
  'apps/cli/test/import.test.ts',
  'internal/e2e/test/cloud/third-party.test.ts',
  'internal/e2e/test/cloud/refusals.test.ts',
  'internal/e2e/test/survive/interrupted.test.ts',
  'packages/core/test/repair/repair-target.test.ts',
  'packages/core/test/backup/sequences.test.ts',
  'packages/core/test/copy/copy-backup.test.ts',
];

function placeOf({ moduleId }: TestSpecification): number {
  const place = LONGEST.findIndex((file) => moduleId.endsWith(`/${file}`));
  return place === -1 ? LONGEST.length : place;
}

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((a, b) => placeOf(a) - placeOf(b));
  }
}

export default mergeConfig(
  single,
  defineConfig({
    test: {
      // One more than there are cores: many tests wait for a child, a disk or a server.
      maxWorkers: availableParallelism() + 1,
      sequence: { sequencer: LongestFirst },
      projects: folders.map((folder) => ({
        extends: true as const,
        root: join(import.meta.dirname, folder),
        test: { name: folder },
      })),
    },
  }),
);
