// Writes quackup.schema.json, which is shipped for editors. Run it after a change of the configuration's schema:
// `pnpm --filter @quackup/core schema`. A test fails while the file is out of date.
import { writeFile } from 'node:fs/promises';

import { configJsonSchema } from '../src/lib/config/index.ts';

await writeFile(
  new URL('quackup.schema.json', import.meta.url),
  `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
);
