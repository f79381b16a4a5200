import { defineConfig } from 'vitest/config';

// Used by every package: `vitest run` in its folder finds it through --config in the package's script.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', 'json'],
    outputFile: { json: 'test-results/results.json' },
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
