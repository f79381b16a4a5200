import {
  API_VERSION,
  type DeleteOptions,
  type GetOptions,
  type ListOptions,
  type ObjectBody,
  type ObjectInfo,
  type ObjectKey,
  type ObjectRead,
  type PutOptions,
  type StatOptions,
  type StorageTarget,
  type TargetCapabilities,
  TargetError,
} from '@quackup/target-api';

import { cutBody, cutStream } from './cut-body.ts';
import { type Fault, findFault, type TargetOperation } from './fault.ts';

/** A call that was made, disturbed or not. */
export interface FaultyCall {
  readonly operation: TargetOperation;
  /** The key; of `list` the prefix, of `deleteMany` the keys joined by a space. */
  readonly key: string;
}

/**
 * Another target, disturbed by a plan: the n-th call fails, hangs, is cut off or answers too late. Without a fault it
 * keeps the contract as well as the target inside. Closing it closes that target and ends what hangs.
 */
export class FaultyTarget implements StorageTarget {
  readonly apiVersion: typeof API_VERSION = API_VERSION;
  readonly type: string;
  readonly displayName: string;
  readonly capabilities: TargetCapabilities;
  readonly parallelReads?: number;
  readonly deleteMany?: NonNullable<StorageTarget['deleteMany']>;
  readonly #inner: StorageTarget;
  readonly #plan: readonly Fault[];
  readonly #calls: FaultyCall[] = [];
  readonly #closing = new AbortController();

  constructor(inner: StorageTarget, plan: readonly Fault[] = []) {
    this.#inner = inner;
    this.#plan = plan;
    this.type = inner.type;
    this.displayName = inner.displayName;
    this.capabilities = inner.capabilities;
    if (inner.parallelReads !== undefined) this.parallelReads = inner.parallelReads;
    const deleteMany = inner.deleteMany?.bind(inner);
    if (deleteMany !== undefined) {
      this.deleteMany = (keys, options) =>
        this.#disturb(this.#begin('deleteMany', keys.join(' ')), options?.signal, () =>
          deleteMany(keys, options),
        );
    }
  }

  /** All calls so far, in the order in which they were made. `close` is not among them. */
  get calls(): readonly FaultyCall[] {
    return [...this.#calls];
  }

  async put(key: ObjectKey, body: ObjectBody, options: PutOptions = {}): Promise<ObjectInfo> {
    const fault = this.#begin('put', key);
    if (fault?.kind !== 'cut' && fault?.kind !== 'stall') {
      return this.#disturb(fault, options.signal, () => this.#inner.put(key, body, options));
    }
    const half = options.size === undefined ? undefined : Math.floor(options.size / 2);
    const cut = cutBody(body, fault.afterBytes ?? half, () => this.#interrupt(fault, options.signal));
    return this.#inner.put(key, cut, options);
  }

  async get(key: ObjectKey, options: GetOptions = {}): Promise<ObjectRead> {
    const fault = this.#begin('get', key);
    const get = (): Promise<ObjectRead> => this.#inner.get(key, options);
    if (fault?.kind === 'fail-after') {
      const { body } = await get();
      body.destroy();
      throw errorOf(fault);
    }
    if (fault?.kind !== 'cut' && fault?.kind !== 'stall') return this.#disturb(fault, options.signal, get);
    const { info, body } = await get();
    const { start = 0, end = info.size } = options.range ?? {};
    const half = Math.floor(Math.max(0, Math.min(end, info.size) - start) / 2);
    const cut = cutStream(body, fault.afterBytes ?? half, () => this.#interrupt(fault, options.signal));
    return { info, body: cut };
  }

  stat(key: ObjectKey, options: StatOptions = {}): Promise<ObjectInfo | undefined> {
    return this.#disturb(this.#begin('stat', key), options.signal, () => this.#inner.stat(key, options));
  }

  list(options: ListOptions = {}): AsyncIterable<ObjectInfo> {
    return this.#list(this.#begin('list', options.prefix ?? ''), options);
  }

  delete(key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    return this.#disturb(this.#begin('delete', key), options.signal, () => this.#inner.delete(key, options));
  }

  async close(): Promise<void> {
    this.#closing.abort(new TargetError('CLOSED', 'the target was closed'));
    await this.#inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Records a call. */
  #begin(operation: TargetOperation, key: string): Fault | undefined {
    this.#calls.push({ operation, key });
    const ofOperation = this.#calls.filter((call) => call.operation === operation).length;
    return findFault(this.#plan, operation, { all: this.#calls.length, operation: ofOperation });
  }

  async #disturb<T>(
    fault: Fault | undefined,
    signal: AbortSignal | undefined,
    act: () => Promise<T>,
  ): Promise<T> {
    if (fault === undefined) return act();
    if (fault.kind === 'fail-after') await act();
    if (fault.kind === 'hang' || fault.kind === 'stall') return this.#untilEnded(signal);
    throw errorOf(fault);
  }

  async *#list(fault: Fault | undefined, options: ListOptions): AsyncGenerator<ObjectInfo, void> {
    const inner = this.#inner.list(options);
    if (fault === undefined) return yield* inner;
    if (fault.kind === 'fail') throw errorOf(fault);
    if (fault.kind === 'hang') return this.#untilEnded(options.signal);
    for await (const info of inner) {
      yield info;
      if (fault.kind !== 'fail-after') break;
    }
    return this.#interrupt(fault, options.signal);
  }

  /** What comes at the place of a cut. */
  async #interrupt(fault: Fault, signal: AbortSignal | undefined): Promise<never> {
    if (fault.kind === 'stall') return this.#untilEnded(signal);
    throw errorOf(fault);
  }

  /** Rejects when the caller's signal is aborted or the target is closed, with the reason of that. */
  #untilEnded(signal: AbortSignal | undefined): Promise<never> {
    const { promise, reject } = Promise.withResolvers<never>();
    const signals = [this.#closing.signal, ...(signal === undefined ? [] : [signal])];
    for (const each of signals) {
      const onAbort = (): void => reject(each.reason);
      if (each.aborted) onAbort();
      each.addEventListener('abort', onAbort, { once: true });
    }
    return promise;
  }
}

function errorOf(fault: Fault): unknown {
  return fault.error ?? new TargetError('UNAVAILABLE', `fault ${fault.kind} at call ${fault.call}`);
}
