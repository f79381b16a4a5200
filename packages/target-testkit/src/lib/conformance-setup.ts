import { objectKey, type StorageTarget, type TargetDefinition } from '@quackup/target-api';

/** Writes past the contract: names that are no keys, as somebody else may have left them in the place. */
export interface ForeignNames {
  /** Stores something under `name`, which is no key. May reject if the place cannot hold such a name. */
  store(name: string): Promise<void>;
  /** Removes what {@link store} stored. */
  remove(name: string): Promise<void>;
}

/** What the package exports, and options that it takes. */
export interface DefinitionSetup {
  readonly target: TargetDefinition;
  /** As in the configuration, without `type`, with secrets put in. They lead to the place of the last `open`. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Absolute path of the folder that relative paths in the options are relative to. Default: the working directory. */
  readonly baseDir?: string;
}

/** How to reach the place that is checked. */
export interface ConformanceSetup {
  /** Opens a connection. Called for every case; without `reopen`, every call must lead to the same place. */
  readonly open: () => Promise<StorageTarget>;
  /** Opens a second, independent connection to the place of the last `open`. Default: `open`. */
  readonly reopen?: () => Promise<StorageTarget>;
  /** Begins every key, so that a real bucket can be used: `conformance/`. Default: none. */
  readonly keyPrefix?: string;
  /**
   * Ids of cases that fail, each with the reason. Strict: a case that is named here and passes, or does not apply,
   * counts as failed, so the list cannot grow stale.
   */
  readonly knownFailures?: Readonly<Record<string, string>>;
  /** What the target's package exports as `target`, so that it is checked as well. */
  readonly definition?: () => DefinitionSetup;
  /** Texts that nothing may show: passwords, keys. Default: the values of the definition's secret options. */
  readonly secrets?: readonly string[];
  /** A way to leave names in the place that are no keys. */
  readonly foreign?: ForeignNames;
  /** Begins the random sequences of the model: the same seed makes the same ones. Default: 1. */
  readonly seed?: number;
  /** Ends the run: the case that is under way is left, and what it stored is removed. */
  readonly signal?: AbortSignal;
  /** Allows cases with thousands of objects or more than 100 MiB. Default: false. */
  readonly large?: boolean;
  /** Milliseconds for one case; slow cases get a multiple. Default: 10,000. */
  readonly timeoutMs?: number;
}

/** Time for one case if the setup does not say otherwise: enough for some hundred requests to a distant bucket. */
export const DEFAULT_TIMEOUT_MS = 10_000;

/**
 * Checks what a person wrote.
 *
 * @param ids Ids of all cases.
 * @throws TypeError if a known failure is not the id of a case.
 * @throws TargetError `INVALID_KEY` if no key can begin with `keyPrefix`.
 */
export function checkSetup(setup: ConformanceSetup, ids: ReadonlySet<string>): void {
  objectKey(`${setup.keyPrefix ?? ''}x`);
  for (const id of Object.keys(setup.knownFailures ?? {})) {
    if (!ids.has(id)) throw new TypeError(`knownFailures names "${id}", which is not a conformance case`);
  }
}
