import { join } from 'node:path';

import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: { root: join(import.meta.dirname, '..', '..'), include: ['test/wrapper/broken.ts'] },
});
export default config;
