/** Operations of a target that can be counted and disturbed. */
export type TargetOperation = 'put' | 'get' | 'stat' | 'list' | 'delete' | 'deleteMany';

/**
 * How a call is disturbed.
 *
 * | kind | what happens | what the caller sees |
 * |---|---|---|
 * | `fail` | nothing | `error` |
 * | `fail-after` | everything: the answer was lost | `error`; a list gives all its objects first |
 * | `hang` | nothing | nothing, until its signal is aborted or the target closed |
 * | `cut` | a put reads part of its body and stores nothing; a get or list delivers a part | `error` |
 * | `stall` | like `cut` | the part, then nothing, until the signal is aborted or the target closed |
 *
 * `cut` and `stall` of an operation that carries no data are `fail` and `hang`.
 */
export type FaultKind = 'fail' | 'fail-after' | 'hang' | 'cut' | 'stall';

/** One disturbance. */
export interface Fault {
  readonly kind: FaultKind;
  /** Which call, from 1. */
  readonly call: number;
  /** Counts only calls of this operation. Default: counts all. */
  readonly operation?: TargetOperation;
  /** How many calls from that one on. Default: 1; `Infinity`: all. */
  readonly times?: number;
  /** What the caller sees. Default: a `TargetError` `UNAVAILABLE`. */
  readonly error?: unknown;
  /** Where a `cut` or `stall` is. Default: half of the bytes, or the first chunk of a put that declares no size. */
  readonly afterBytes?: number;
}

/** The fault for a call, if the plan has one: the first that fits. */
export function findFault(
  plan: readonly Fault[],
  operation: TargetOperation,
  count: { readonly all: number; readonly operation: number },
): Fault | undefined {
  return plan.find((fault) => {
    if (fault.operation !== undefined && fault.operation !== operation) return false;
    const call = fault.operation === undefined ? count.all : count.operation;
    return call >= fault.call && call < fault.call + (fault.times ?? 1);
  });
}
