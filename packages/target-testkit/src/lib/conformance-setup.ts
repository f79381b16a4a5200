import { objectKey, type StorageTarget } from '@quackup/target-api';

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
