import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { configJsonSchema } from '../../src/lib/config/index.ts';

test('the JSON Schema that is shipped is the one of the code (else: pnpm --filter @quackup/core schema)', async () => {
  const shipped = await readFile(new URL('../../schema/quackup.schema.json', import.meta.url), 'utf8');
  expect(JSON.parse(shipped)).toEqual(configJsonSchema());
});

test('the JSON Schema knows the sections and refuses others', () => {
  const schema = configJsonSchema();
  expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
  expect(Object.keys(Object(schema.properties))).toEqual([
    '$schema',
    'databases',
    'targets',
    'backup',
    'encryption',
    'retention',
    'schedule',
    'verify',
    'log',
    'metrics',
    'notifications',
    'hooks',
    'alarms',
  ]);
  expect(schema).not.toHaveProperty('required');
});
