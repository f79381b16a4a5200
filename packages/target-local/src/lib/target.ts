import { resolve } from 'node:path';

import { defineTarget, type TargetDefinition } from '@quackup/target-api';
import { z } from 'zod';

import { hasHardLinks } from './hard-links.ts';
import { LocalTarget } from './local-target.ts';

/** `type: local` in the configuration. */
export interface LocalOptions {
  /** The folder, absolute or relative to the configuration file's. Made at the first put if only it is missing. */
  readonly path: string;
}

/** Opens folders. Touches nothing: a folder that is not there yet is made at the first put. */
export const target: TargetDefinition<LocalOptions> = defineTarget<LocalOptions>({
  type: 'local',
  optionsSchema: z.strictObject({ path: z.string().min(1) }),
  secretOptions: [],
  open: async ({ path }, { baseDir, signal }) => {
    signal?.throwIfAborted();
    const folder = resolve(baseDir, path);
    return new LocalTarget(folder, { hardLinks: await hasHardLinks(folder) });
  },
});
