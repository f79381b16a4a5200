import { isTargetError, type ObjectKey } from '@quackup/target-api';

import type { Clock } from '../api.ts';
import { QuackupError } from '../errors.ts';
import type { TargetClient } from '../target/target-client.ts';
import { isOver, type LeaseContent, leaseId, MAX_LEASE_BYTES, renewed } from './lease-content.ts';

const RENEW_MS = 60_000;
/** How long a release waits for a target that does not answer: a lease that stays runs out by itself. */
const RELEASE_STALL_MS = 10_000;

/** A held lease: renewed until it is disposed of. */
export interface Lease extends AsyncDisposable {
  /** Aborted with LEASE_LOST once it is known that the lease is lost. */
  readonly signal: AbortSignal;
  /** @throws LEASE_LOST if the lease has run out by now, or is gone: work under it must stop. */
  throwIfLost(): void;
}

export class HeldLease implements Lease {
  /** Not under the run's signal: a run that is interrupted gives its lease back. */
  readonly #client: TargetClient;
  readonly #key: ObjectKey;
  readonly #clock: Clock;
  readonly #lost = new AbortController();
  readonly #released = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #content: LeaseContent;
  #renewing: Promise<void> | undefined;
  #failure: unknown;

  private constructor(client: TargetClient, key: ObjectKey, content: LeaseContent, clock: Clock) {
    this.#client = client.under(this.#released.signal);
    this.#key = key;
    this.#content = content;
    this.#clock = clock;
    this.#timer = setInterval(() => this.#tick(), RENEW_MS);
    this.#timer.unref();
  }

  /** Puts a lease. @returns undefined if its key is taken. */
  static async put(
    client: TargetClient,
    key: ObjectKey,
    content: LeaseContent,
    clock: Clock,
  ): Promise<HeldLease | undefined> {
    const { putIfAbsent } = client.target.capabilities;
    try {
      await client.putText(
        key,
        JSON.stringify(content),
        putIfAbsent ? { condition: { type: 'if-absent' } } : {},
      );
    } catch (error) {
      if (isTargetError(error) && error.code === 'PRECONDITION_FAILED') return undefined;
      await withdraw(client, key, content.id);
      throw error;
    }
    return new HeldLease(client, key, content, clock);
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  throwIfLost(): void {
    if (isOver(this.#content, this.#clock.now())) this.#lose('ran out');
    this.#lost.signal.throwIfAborted();
  }

  #tick(): void {
    if (isOver(this.#content, this.#clock.now())) this.#lose('ran out');
    else this.#renewing ??= this.#renew().finally(() => (this.#renewing = undefined));
  }

  /** Never brings back a lease that somebody has removed: they may count on it. */
  async #renew(): Promise<void> {
    const content = renewed(this.#content, this.#clock.now());
    try {
      if (!(await isThere(this.#client, this.#key, content.id))) {
        if (!this.#released.signal.aborted) this.#lose('was removed by somebody else');
        return;
      }
      await this.#client.putText(this.#key, JSON.stringify(content));
      this.#content = content;
    } catch (error) {
      // The next one may still be in time.
      this.#failure = error;
    }
  }

  #lose(how: string): void {
    clearInterval(this.#timer);
    const text = `the lease ${this.#key} on ${this.#client.target.displayName} ${how}`;
    const hint = 'check that the target can be written, then run the command again';
    this.#lost.abort(new QuackupError('LEASE_LOST', text, { cause: this.#failure, hint }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#released.abort(new Error('the lease is released'));
    await this.#renewing;
    await withdraw(this.#client, this.#key, this.#content.id);
  }
}

async function isThere(client: TargetClient, key: ObjectKey, id: string): Promise<boolean> {
  const text = await client.readText(key, MAX_LEASE_BYTES);
  return text !== undefined && leaseId(text) === id;
}

/** Removes a lease if it is this one. One that cannot be removed runs out by itself: no reason for a good run to fail. */
async function withdraw(client: TargetClient, key: ObjectKey, id: string): Promise<void> {
  const releasing = client.under(undefined, RELEASE_STALL_MS);
  try {
    if (await isThere(releasing, key, id)) await releasing.delete(key);
  } catch {
    // See above.
  }
}
