import { pause } from './pause.ts';

/** Time, in milliseconds. */
interface PaceClock {
  now(): number;
  pause(milliseconds: number): Promise<void>;
}

const SYSTEM: PaceClock = { now: () => performance.now(), pause };

interface PaceOptions {
  /** Bytes after which the disk is left to others. */
  readonly portion: number;
  /** Sends to the disk what has been written and is not there yet. */
  readonly flush: () => Promise<void>;
  /** Default: the system's. */
  readonly clock?: PaceClock;
}

/**
 * Has what is written go to the disk in small portions while more comes. Left to the sync at the end it is hundreds of
 * megabytes at once, and whoever waits for the same disk then, such as the writer of the database, waits as long. After each
 * portion the disk is left to others for as long as it took.
 */
export class DiskPace {
  readonly #portion: number;
  readonly #flush: () => Promise<void>;
  readonly #clock: PaceClock;
  #waiting = 0;
  #spentMs = 0;
  #turn: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor({ portion, flush, clock = SYSTEM }: PaceOptions) {
    this.#portion = portion;
    this.#flush = flush;
    this.#clock = clock;
  }

  /** Whether the disk is at work, or left to others, so that nothing more should be written. */
  get isBusy(): boolean {
    return this.#turn !== undefined;
  }

  /** Tells of bytes that have been written, and how long the disk took for them if they are there already. */
  wrote(bytes: number, spentMs = 0): void {
    this.#waiting += bytes;
    this.#spentMs += spentMs;
    if (this.#waiting < this.#portion || this.#turn !== undefined) return;
    this.#turn = this.#takeTurn(this.#spentMs);
    this.#waiting = 0;
    this.#spentMs = 0;
  }

  /** Waits until more may be written. @throws what the disk has said of this portion or an earlier one. */
  async settled(): Promise<void> {
    await this.#turn;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #takeTurn(spentMs: number): Promise<void> {
    const startedMs = this.#clock.now();
    try {
      await this.#flush();
      await this.#clock.pause(spentMs + this.#clock.now() - startedMs);
    } catch (error) {
      // A disk tells of an error once: it must not be lost if nobody waits just then.
      this.#failure ??= { error };
    } finally {
      this.#turn = undefined;
    }
  }
}
