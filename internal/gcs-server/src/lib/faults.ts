import type { GcsOperation } from './operation.ts';

/**
 * How a request is disturbed.
 *
 * | kind | what happens | what the client sees |
 * |---|---|---|
 * | `error` | nothing | `status`, `reason` and `message` (default: 500 `backendError`) |
 * | `error-after` | everything: late success | the same |
 * | `error-page` | nothing | a proxy's page in HTML with `status` (default: 502) |
 * | `reset` | nothing | the connection is reset when the first bytes of the body came |
 * | `reset-after` | everything: late success | the connection is reset |
 * | `partial` | the first half of a chunk is kept | the answer says how much that was |
 * | `partial-reset` | the first half of a chunk is kept | the connection is reset |
 * | `forget` | the upload is gone | 410 |
 * | `damage` | one byte of the content is another | what the server says to it |
 * | `stall` | nothing | nothing, until the client gives up |
 * | `cut` | everything | half of the answer's body, then a reset |
 * | `stall-body` | everything | half of the answer's body, then nothing |
 * | `wrong-length` | everything | the answer is shorter by one byte than the range |
 * | `ignore-range` | everything | the whole object with status 200, as some proxies do |
 */
export interface GcsFault {
  readonly kind:
    | 'error'
    | 'error-after'
    | 'error-page'
    | 'reset'
    | 'reset-after'
    | 'partial'
    | 'partial-reset'
    | 'forget'
    | 'damage'
    | 'stall'
    | 'cut'
    | 'stall-body'
    | 'wrong-length'
    | 'ignore-range';
  /** Default: any. */
  readonly operation?: GcsOperation;
  /** How many fitting requests pass before. Default: 0. */
  readonly after?: number;
  /** How many fitting requests are disturbed. Default: 1; `Infinity`: all that follow. */
  readonly times?: number;
  readonly status?: number;
  readonly reason?: string;
  readonly message?: string;
  /** Called when a request is disturbed: for tests that wait for the moment. */
  readonly onHit?: () => void;
}

/** What is to go wrong. */
export class GcsFaults {
  #plan: { readonly fault: GcsFault; seen: number }[] = [];

  /** Adds a fault; where several fit a request, the first added counts. */
  add(fault: GcsFault): void {
    this.#plan.push({ fault, seen: 0 });
  }

  /** From now on nothing goes wrong. */
  clear(): void {
    this.#plan = [];
  }

  /** Counts a request, and gives the fault for it if there is one. */
  take(operation: GcsOperation): GcsFault | undefined {
    let found: GcsFault | undefined;
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
