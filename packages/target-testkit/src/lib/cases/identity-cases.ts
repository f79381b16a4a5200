import { inspect } from 'node:util';

import { bodyOf, pattern } from '../bodies.ts';
import { check, checkEqual, checkRejects, outcomeOf } from '../check.ts';
import type { ConformanceCase } from '../conformance-case.ts';

const BYTES = pattern(100, 1);

/** What a target says of itself. */
export const identityCases: readonly ConformanceCase[] = [
  {
    id: 'identity.api-version',
    sentence: 'apiVersion is that of the contract that this target implements',
    safe: true,
    run: async ({ target }) => checkEqual(target.apiVersion, 1, 'apiVersion'),
  },
  {
    id: 'identity.names',
    sentence: 'type is the kind of target and displayName the place in a person’s words',
    safe: true,
    run: async ({ target }) => {
      check(typeof target.type === 'string' && target.type !== '', 'type: expected a text that is not empty');
      const { displayName } = target;
      check(
        typeof displayName === 'string' && displayName !== '',
        'displayName: expected a text that is not empty',
      );
    },
  },
  {
    id: 'identity.capabilities',
    sentence: 'capabilities say where backends differ in meaning',
    safe: true,
    run: async ({ target }) => {
      const { putIfAbsent, putIfMatch, maxObjectSize } = target.capabilities;
      check(typeof putIfAbsent === 'boolean', 'capabilities.putIfAbsent: expected true or false');
      check(typeof putIfMatch === 'boolean', 'capabilities.putIfMatch: expected true or false');
      const limited =
        maxObjectSize === undefined || (Number.isSafeInteger(maxObjectSize) && maxObjectSize > 0);
      check(limited, 'capabilities.maxObjectSize: expected a positive number of bytes, or nothing');
    },
  },
  {
    id: 'identity.no-secrets',
    sentence: 'displayName never holds a secret; nor do messages, hints and causes of errors',
    requires: 'secrets',
    safe: true,
    run: async ({ target, key, secrets }) => {
      const errors = [
        await outcomeOf(target.get(key('none'))),
        await outcomeOf(target.get(key('none'), { range: { start: 2, end: 1 } })),
        await outcomeOf(target.put(key('a'), bodyOf(BYTES), { size: 1 })),
        await outcomeOf(target.close().then(() => target.stat(key('a')))),
      ];
      const shown = [
        target.displayName,
        target.type,
        ...errors.map((error) => inspect(error, { depth: 10 })),
      ];
      for (const [index, secret] of secrets.entries())
        check(
          !shown.join('\n').includes(secret),
          `expected secret ${index + 1} of the setup not to be shown`,
        );
    },
  },
  {
    id: 'errors.final',
    sentence: 'TargetError.retryable: whether the same call may succeed later; the message says what failed',
    safe: true,
    run: async ({ target, key }) => {
      const errors = [
        await checkRejects(target.get(key('none')), 'NOT_FOUND', 'get of nothing'),
        await checkRejects(
          target.get(key('none'), { range: { start: 2, end: 1 } }),
          'INVALID_RANGE',
          'range',
        ),
        await checkRejects(target.put(key('a'), bodyOf(BYTES), { size: 1 }), 'SIZE_MISMATCH', 'put'),
      ];
      for (const { code, retryable, message } of errors) {
        check(!retryable, `${code}: expected retryable to be false, since the same call fails again`);
        check(message.length > code.length, `${code}: expected a message that says what failed`);
      }
    },
  },
];
