import { pause } from './pause.ts';

/** Written bytes that wait for the disk at most: about a millisecond of a fast one, which a commit may have to wait for. */
const SYNC_EVERY = 1024 * 1024;

/** What is used of an open file. */
interface SyncedFile {
  datasync(): Promise<void>;
}

/** Time, in milliseconds. */
interface PaceClock {
  now(): number;
  pause(milliseconds: number): Promise<void>;
}

const SYSTEM: PaceClock = { now: () => performance.now(), pause };

/**
 * Sends what is written to a file to the disk in small portions while more comes. Left to the sync at the end it is hundreds of
 * megabytes at once, and whoever waits for the same disk then, such as the writer of the database, waits as long. After each
 * portion the disk is left to others for as long as it took.
 */
export class DiskPace {
  readonly #file: SyncedFile;
  readonly #clock: PaceClock;
  #waiting = 0;
  #turn: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(file: SyncedFile, clock: PaceClock = SYSTEM) {
    this.#file = file;
    this.#clock = clock;
  }

  /** Whether the disk is at work, or left to others, so that nothing more should be written. */
  get isBusy(): boolean {
    return this.#turn !== undefined;
  }

  /** Tells of bytes that have been written. */
  wrote(bytes: number): void {
    this.#waiting += bytes;
    if (this.#waiting < SYNC_EVERY || this.#turn !== undefined) return;
    this.#waiting = 0;
    this.#turn = this.#takeTurn();
  }

  /** Waits until more may be written. @throws what the disk has said of this portion or an earlier one. */
  async settled(): Promise<void> {
    await this.#turn;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #takeTurn(): Promise<void> {
    const startedMs = this.#clock.now();
    try {
      await this.#file.datasync();
      await this.#clock.pause(this.#clock.now() - startedMs);
    } catch (error) {
      // A disk tells of an error once: it must not be lost if nobody waits just then.
      this.#failure ??= { error };
    } finally {
      this.#turn = undefined;
    }
  }
}
