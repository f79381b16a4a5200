import type { Clock } from '../../src/index.ts';

/** A clock that stands still until it is moved. */
export class ControlledClock implements Clock {
  #time = Date.UTC(2026, 0, 1);

  now(): Date {
    return new Date(this.#time);
  }

  advance(minutes: number): void {
    this.#time += minutes * 60_000;
  }

  /** A clock that is so many minutes before this one, or behind it if negative. */
  ahead(minutes: number): Clock {
    return { now: () => new Date(this.#time + minutes * 60_000) };
  }
}
