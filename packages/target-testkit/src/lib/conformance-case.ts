import type { ObjectKey, StorageTarget } from '@quackup/target-api';

import type { DefinitionSetup, ForeignNames } from './conformance-setup.ts';

/**
 * What a target may have or lack. The first two are capabilities of the contract; `maxObjectSize` is there if the
 * target names a limit, `small-limit` if that limit is small enough to be exceeded in a test (16 MiB). The last four are
 * members of the setup: `large` if it allows long cases, the others if they are given.
 */
export type Feature =
  | 'putIfAbsent'
  | 'putIfMatch'
  | 'maxObjectSize'
  | 'small-limit'
  | 'deleteMany'
  | 'unfinishedUploads'
  | 'large'
  | 'secrets'
  | 'foreign'
  | 'definition';

/** What a case works with. Everything that it stores lies under {@link ConformanceContext.prefix}. */
export interface ConformanceContext {
  /** Opened for this case and closed after it. */
  readonly target: StorageTarget;
  /** Text that all keys of this case begin with; ends with `/`. No other case or run uses it. */
  readonly prefix: string;
  /** Whether long runs are allowed: thousands of objects, more than 100 MiB. */
  readonly large: boolean;
  /** Texts that nothing may show. */
  readonly secrets: readonly string[];
  /** There if the case requires `foreign`. */
  readonly foreign: ForeignNames | undefined;
  /** There if the case requires `definition`. */
  readonly definition: DefinitionSetup | undefined;
  /** Begins random sequences. */
  readonly seed: number;
  /** Opens a second, independent connection to the same place; closed after the case. */
  readonly reopen: () => Promise<StorageTarget>;
  /** The key `prefix + name`. What is stored under it is removed after the case. */
  readonly key: (name: string) => ObjectKey;
}

/** One sentence of the contract, as a program that rejects if a target does not keep it. */
export interface ConformanceCase {
  /** Permanent: a released id is never given another meaning. */
  readonly id: string;
  /** The sentence of the contract that it checks. */
  readonly sentence: string;
  /** Runs only if the target has this. */
  readonly requires?: Feature;
  /** Runs only if the target lacks this. */
  readonly unless?: Feature;
  /** Whether it may run against a place that holds other objects: it reads and writes under its prefix only. */
  readonly safe: boolean;
  /** How many times the setup's time limit this case may take. Default: 1. */
  readonly slow?: number;
  run(context: ConformanceContext): Promise<void>;
}
