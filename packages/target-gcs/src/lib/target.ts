import { resolve } from 'node:path';

import { defineTarget, type TargetDefinition } from '@quackup/target-api';

import { type GcsOptions, gcsOptionsSchema } from './gcs-options.ts';
import { openGcsTarget } from './open-gcs-target.ts';

/** Opens buckets: `type: gcs` in the configuration. A key file is found from the configuration file's folder. */
export const target: TargetDefinition<GcsOptions> = defineTarget<GcsOptions>({
  type: 'gcs',
  optionsSchema: gcsOptionsSchema,
  secretOptions: [],
  open: ({ keyFile, ...options }, { baseDir, signal }) =>
    openGcsTarget(
      { ...options, ...(keyFile === undefined ? {} : { keyFile: resolve(baseDir, keyFile) }) },
      signal === undefined ? {} : { signal },
    ),
});
