import type { Config } from '@quackup/core';
import { type Calendar, parseTiming, type Timing } from '@quackup/schedule';

import { describeError } from '../describe-error.ts';
import { findJitter, findTiming } from '../schedule/timing.ts';

/** Every night, if the configuration does not say when. */
const NIGHTLY: Timing = { at: '02:00' };

/** A configuration and what follows from it. */
export interface LoadedConfig {
  readonly config: Config;
  readonly calendar: Calendar;
  readonly jitterMs: number;
}

/** The configuration that the daemon works with: the last one that was good. */
export class KeptConfig {
  readonly #load: () => Promise<Config>;
  #loaded: LoadedConfig;
  #problem: string | undefined;

  private constructor(load: () => Promise<Config>, loaded: LoadedConfig) {
    this.#load = load;
    this.#loaded = loaded;
  }

  /** @throws CONFIG_NOT_FOUND or CONFIG_INVALID: there is no older one to go on with. */
  static async open(load: () => Promise<Config>): Promise<KeptConfig> {
    return new KeptConfig(load, understand(await load()));
  }

  get current(): LoadedConfig {
    return this.#loaded;
  }

  /** What is wrong with the file as it was last read. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /**
   * Reads the file again. If anything is wrong with it the one before stays.
   *
   * @returns whether it is the new one now; then {@link problem} says nothing.
   */
  async reload(): Promise<boolean> {
    try {
      this.#loaded = understand(await this.#load());
      this.#problem = undefined;
      return true;
    } catch (error) {
      this.#problem = describeError(error).message;
      return false;
    }
  }
}

function understand(config: Config): LoadedConfig {
  const calendar = parseTiming(findTiming({}, config) ?? NIGHTLY);
  return { config, calendar, jitterMs: findJitter(undefined, config) };
}
