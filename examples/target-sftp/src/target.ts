import { defineTarget, type TargetDefinition } from '@quackup/target-api';

import { optionsSchema, secretOptions, type SftpOptions } from './options.ts';
import { SftpTarget } from './sftp-target.ts';

/** Logs in, to learn what the server can do. Touches nothing there. */
export const target: TargetDefinition<SftpOptions> = defineTarget<SftpOptions>({
  type: 'sftp',
  optionsSchema,
  secretOptions,
  open: (options, { signal }) => SftpTarget.open(options, signal === undefined ? {} : { signal }),
});
