/**
 * Conformance cases as vitest tests.
 *
 * @module
 */
export { describeTarget } from './lib/describe-target.ts';
