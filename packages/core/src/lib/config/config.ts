import type { Compression, RetentionPolicy, TargetAccess, TargetLimits, VerifyLevel } from '../api.ts';
import type { DailyConfig } from './daily-config.ts';

/** An entry of `databases`. */
export interface ConfiguredDatabase {
  /** A path or a glob, as written but with environment variables replaced; relative to {@link Config.baseDir}. */
  readonly path: string;
  /** The alias, already checked. Only for an entry that stands for one file. */
  readonly name?: string;
  /** Where it is written, for messages: `FILE:LINE:COLUMN`, or how it was given. */
  readonly place: string;
}

/** An entry of `targets`. The options are the target's own and are checked when it is opened. */
export interface ConfiguredTarget {
  /** A built-in name, a package name, or a path beginning with `./`, `../` or `/`. */
  readonly type: string;
  readonly access: TargetAccess;
  /** Everything but `type`, `access` and `limits`. Secrets may still be `{ env }` or `{ file }`. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly limits?: TargetLimits;
}

/** Where a secret comes from. It is read when it is needed and not before. */
export type SecretSource =
  /** Absolute. */
  | { readonly file: string; readonly passphrase?: SecretSource }
  /** Name of an environment variable. */
  | { readonly env: string }
  /** A program and its arguments, run without a shell in {@link Config.baseDir}; what it prints is the secret. */
  | { readonly command: readonly string[]; readonly timeoutMs?: number }
  /** Somebody is asked. */
  | 'prompt';

/** The section `encryption`: at least one of its parts is there. */
export interface ConfiguredEncryption {
  /** Texts `age1...`, or files (absolute) with one a line. What is written is encrypted for all of them. */
  readonly recipients: readonly (string | { readonly file: string })[];
  /** Where secret keys are, for what has to be read. */
  readonly identities: readonly SecretSource[];
  /** Instead of both. */
  readonly passphrase?: SecretSource;
}

/** A configuration that was read and checked: there is no way to have one that says something impossible. */
export interface Config extends DailyConfig {
  /** Absolute path of the configuration file. */
  readonly path: string;
  /** Absolute path of the folder that it is in: relative paths in it start here. */
  readonly baseDir: string;
  readonly databases: readonly ConfiguredDatabase[];
  /** In the order of the file. */
  readonly targets: ReadonlyMap<string, ConfiguredTarget>;
  readonly backup: {
    /** Names of targets, each one of {@link targets}; all of them unless the configuration says which. */
    readonly targets: readonly string[];
    readonly compression?: Compression;
    /** Every backup is full. */
    readonly full?: boolean;
    readonly fullEveryMs?: number;
    readonly waitMs?: number;
    readonly pauseWriterMs?: number;
    readonly sameMoment?: boolean;
    /** Absolute. */
    readonly tempDir?: string;
  };
  /** Absent: backups are plain. */
  readonly encryption?: ConfiguredEncryption;
  /** The default policy if the configuration does not speak of retention; empty if it says `{}`. */
  readonly retention: RetentionPolicy;
  /** How `daily` verifies. */
  readonly verify: { readonly daily?: VerifyLevel; readonly scanEveryMs?: number };
  /** When `daily` runs. Whether the times are times of a calendar is for those to check who keep it. */
  readonly schedule?: {
    /** Exactly one of `at` and `cron` is there. */
    readonly at?: string;
    readonly cron?: string;
    readonly timeZone?: string;
    /** A run begins up to this much later. */
    readonly jitterMs?: number;
  };
  readonly log: {
    /** Absolute. */
    readonly file?: string;
    readonly format: 'text' | 'json';
    readonly maxMegabytes: number;
    /** Log files that were moved aside. */
    readonly keep: number;
  };
  /**
   * Where something is written, as `FILE:LINE:COLUMN`, for messages.
   *
   * @param path Keys and indexes from the root: `['targets', 'local', 'path']`. The nearest parent if there is no such node.
   * @param at The value, or the key that leads to it. Default: the value.
   */
  readonly placeOf: (path: readonly PropertyKey[], at?: 'key' | 'value') => string;
}
