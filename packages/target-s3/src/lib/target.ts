import { defineTarget, type TargetDefinition } from '@quackup/target-api';

import { openS3Target } from './open-s3-target.ts';
import { SECRET_OPTIONS, type S3Options, s3OptionsSchema } from './s3-options.ts';

/** Opens buckets: `type: s3` in the configuration. */
export const target: TargetDefinition<S3Options> = defineTarget<S3Options>({
  type: 's3',
  optionsSchema: s3OptionsSchema,
  secretOptions: SECRET_OPTIONS,
  open: (options, { signal }) => openS3Target(options, signal === undefined ? {} : { signal }),
});
