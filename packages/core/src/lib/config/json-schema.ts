import * as z from 'zod';

import { configSchema } from './config-schema.ts';

/** The JSON Schema (draft 7, which editors know best) of the configuration file, as it is shipped for editors. */
export function configJsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(configSchema, { target: 'draft-7', io: 'input' });
  return { $schema, title: 'Quackup configuration', ...rest };
}
