import type { AlarmThresholds } from '../api.ts';

/** Commands that `daily` runs: a program and its arguments, no shell. */
export interface HookConfig {
  readonly before?: readonly string[];
  readonly after?: readonly string[];
  readonly onFailure?: readonly string[];
  /** How long each may take, milliseconds. */
  readonly timeoutMs: number;
  /** Names of environment variables that they get besides the usual ones. */
  readonly passEnv: readonly string[];
}

/** What only `daily` reads of a configuration. */
export interface DailyConfig {
  readonly metrics: {
    /** For the textfile collector of Prometheus' node_exporter. Absolute. */
    readonly file?: string;
  };
  /** Channels by name, as written: `@quackup/notify` knows what they may say. Secrets may still be `{ env }` or `{ file }`. */
  readonly notifications: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly hooks: HookConfig;
  readonly alarms: AlarmThresholds;
}
