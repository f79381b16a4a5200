import { check, checkEqual } from '../check.ts';
import type { ConformanceCase } from '../conformance-case.ts';

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
];
