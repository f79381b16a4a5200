import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { ERROR_CODES } from '../src/index.ts';

test.each(Object.keys(ERROR_CODES))('%s has a page', (code) => {
  expect(existsSync(fileURLToPath(new URL(`../../../docs/errors/${code}.md`, import.meta.url)))).toBe(true);
});
