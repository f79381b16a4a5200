import type { StandardSchemaV1 } from '@standard-schema/spec';

import { API_VERSION, type StorageTarget } from './storage-target.ts';

/** What a target is told when it is opened, besides its options. */
export interface OpenContext {
  /** Absolute path of the folder that relative paths in the options are relative to: the configuration file's. */
  readonly baseDir: string;
  readonly signal?: AbortSignal;
}

/**
 * A kind of target: how its options are checked and how it is opened. A target package exports one as `target`.
 *
 * `Options` is the type after validation; the schema may be of any library that implements Standard Schema.
 */
export interface TargetDefinition<Options = unknown> {
  readonly apiVersion: typeof API_VERSION;
  /** As in the configuration: `local`, `s3`; for a third party's package, its own name. */
  readonly type: string;
  /** Checks the target's part of the configuration, without `type`. Must refuse unknown keys. */
  readonly optionsSchema: StandardSchemaV1<unknown, Options>;
  /** Names of the options that hold secrets: never shown, and allowed as `{ env }` or `{ file }` in the configuration. */
  readonly secretOptions: readonly string[];
  /**
   * Opens the target. Should be quick and need not contact the backend; may create what is needed to write.
   *
   * @throws TargetError `INVALID_OPTIONS` if the options contradict each other.
   */
  open(options: Options, context: OpenContext): Promise<StorageTarget>;
}

/**
 * Defines a target and keeps the type of its options. `apiVersion` is filled in.
 *
 * @example
 * export const target = defineTarget({
 *   type: 'acme',
 *   optionsSchema: z.strictObject({ url: z.url(), token: z.string() }),
 *   secretOptions: ['token'],
 *   open: async (options) => new AcmeTarget(options),
 * });
 */
export function defineTarget<Options>(
  definition: Omit<TargetDefinition<Options>, 'apiVersion'>,
): TargetDefinition<Options> {
  return Object.freeze({ ...definition, apiVersion: API_VERSION });
}

/** Whether `value` looks like a definition of any version of the contract; the caller compares `apiVersion`. */
export function isTargetDefinition(value: unknown): value is TargetDefinition {
  if (typeof value !== 'object' || value === null) return false;
  const candidate = value as Record<string, unknown>;
  return (
    typeof candidate.apiVersion === 'number' &&
    typeof candidate.type === 'string' &&
    typeof candidate.open === 'function' &&
    Array.isArray(candidate.secretOptions) &&
    isSchema(candidate.optionsSchema)
  );
}

/** Some libraries' schemas can be called. */
function isSchema(value: unknown): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  return typeof (value as { readonly '~standard'?: unknown })['~standard'] === 'object';
}
