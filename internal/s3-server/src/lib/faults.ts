import type { S3Operation } from './operation.ts';

/**
 * How a request is disturbed.
 *
 * | kind | what happens | what the client sees |
 * |---|---|---|
 * | `error` | nothing | `status` and `code` (default: 500 `InternalError`) |
 * | `error-after` | everything: late success | `status` and `code` |
 * | `error-page` | nothing | a proxy's page in HTML with `status` (default: 502) |
 * | `error-in-body` | nothing | 200 and then an error in the body, as S3 does for a long CompleteMultipartUpload |
 * | `reset` | nothing | the connection is reset when the first bytes of the body came |
 * | `reset-after` | everything: late success | the connection is reset |
 * | `stall` | nothing | nothing, until the client gives up |
 * | `cut` | everything | the answer's body ends after `afterBytes`, with a reset |
 * | `stall-body` | everything | the answer's body stops after `afterBytes` |
 * | `wrong-length` | everything | the answer's length header and body are shorter by one byte than the range |
 * | `ignore-range` | everything | the whole object with status 200, as some proxies do |
 */
export interface S3Fault {
  readonly kind:
    | 'error'
    | 'error-after'
    | 'error-page'
    | 'error-in-body'
    | 'reset'
    | 'reset-after'
    | 'stall'
    | 'cut'
    | 'stall-body'
    | 'wrong-length'
    | 'ignore-range';
  /** Default: any. */
  readonly operation?: S3Operation;
  /** How many fitting requests pass before. Default: 0. */
  readonly after?: number;
  /** How many fitting requests are disturbed. Default: 1; `Infinity`: all that follow. */
  readonly times?: number;
  readonly status?: number;
  readonly code?: string;
  readonly afterBytes?: number;
  /** Called when a request is disturbed: for tests that wait for the moment. */
  readonly onHit?: () => void;
}

/** What is to go wrong. */
export class S3Faults {
  #plan: { readonly fault: S3Fault; seen: number }[] = [];

  /** Adds a fault; where several fit a request, the first added counts. */
  add(fault: S3Fault): void {
    this.#plan.push({ fault, seen: 0 });
  }

  /** From now on nothing goes wrong. */
  clear(): void {
    this.#plan = [];
  }

  /** Counts a request, and gives the fault for it if there is one. */
  take(operation: S3Operation): S3Fault | undefined {
    let found: S3Fault | undefined;
    for (const entry of this.#plan) {
      const { operation: only, after = 0, times = 1 } = entry.fault;
      if (only !== undefined && only !== operation) continue;
      entry.seen += 1;
      if (entry.seen > after && entry.seen <= after + times) found ??= entry.fault;
    }
    found?.onHit?.();
    return found;
  }
}
