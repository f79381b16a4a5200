import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { CHECK_NAMES } from '../../src/lib/doctor/check.ts';

const GUIDE = readFileSync(
  fileURLToPath(new URL('../../../../docs/guides/doctor.md', import.meta.url)),
  'utf8',
);

test.each(Object.keys(CHECK_NAMES))('the guide explains the check %s', (name) => {
  expect(GUIDE).toContain(`| \`${name}\``);
});
