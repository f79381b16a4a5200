import { defineConfig } from 'vitest/config';

// Every test runs real processes one after another; a busy machine may take its time over it.
export default defineConfig({ test: { testTimeout: 120_000 } });
