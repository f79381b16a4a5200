/**
 * Checks whether a target keeps the contract of `@quackup/target-api`, and gives targets for the tests of those who
 * use one. Needs no test runner; `@quackup/target-testkit/vitest` is a wrapper for vitest.
 *
 * @module
 */
export { ConformanceFailure } from './lib/check.ts';
export type { ConformanceCase, ConformanceContext, Feature } from './lib/conformance-case.ts';
export { conformanceCases } from './lib/conformance-cases.ts';
export type { ConformanceSetup, DefinitionSetup, ForeignNames } from './lib/conformance-setup.ts';
export { type FaultyCall, FaultyTarget } from './lib/faulty-target.ts';
export type { Fault, FaultKind, TargetOperation } from './lib/fault.ts';
export { MemoryStore, type MemoryStoreOptions } from './lib/memory-store.ts';
export { MemoryTarget, type MemoryTargetOptions } from './lib/memory-target.ts';
export { type CaseResult, runCase } from './lib/run-case.ts';
export { type ConformanceSelection, runConformance } from './lib/run-conformance.ts';
