export type {
  Config,
  ConfiguredDatabase,
  ConfiguredEncryption,
  ConfiguredTarget,
  SecretSource,
} from './config.ts';
export { checkOptions } from './check-options.ts';
export type { HookConfig } from './daily-config.ts';
export { configJsonSchema } from './json-schema.ts';
export { checkDatabaseName, checkEntryNames, type EntryConflict, MAX_NAME_BYTES } from './database-names.ts';
export { loadConfig, parseConfig, type ParseConfigOptions } from './load-config.ts';
export { openTarget, type OpenTargetOptions } from './open-target.ts';
export { MAX_DURATION_MS, MAX_PERIOD_MS, parseDuration } from './parse-duration.ts';
export { resolveDatabases, type ResolvedDatabases } from './resolve-databases.ts';
export type { TargetModules } from './load-target-module.ts';
export { type ResolvedSecrets, resolveSecrets } from './resolve-secrets.ts';
export { hideSecrets } from './hide-secrets.ts';
