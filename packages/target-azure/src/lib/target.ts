import { defineTarget, type TargetDefinition } from '@quackup/target-api';

import { type AzureOptions, azureOptionsSchema, SECRET_OPTIONS } from './azure-options.ts';
import { openAzureTarget } from './open-azure-target.ts';

/** Opens containers: `type: azure` in the configuration. */
export const target: TargetDefinition<AzureOptions> = defineTarget<AzureOptions>({
  type: 'azure',
  optionsSchema: azureOptionsSchema,
  secretOptions: SECRET_OPTIONS,
  open: (options, { signal }) => openAzureTarget(options, signal === undefined ? {} : { signal }),
});
