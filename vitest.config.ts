import { defineConfig } from 'vitest/config';

// Used by every package: `vitest run` in its folder finds it through --config in the package's script.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', 'json'],
    outputFile: { json: 'test-results/results.json' },
    // Guards against what hangs. Alone the longest test takes half a minute; beside others, on a slow machine, several times that.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
