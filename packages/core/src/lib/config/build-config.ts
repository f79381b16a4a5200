import { dirname, resolve } from 'node:path';

import { DEFAULT_POLICY } from '../retention/index.ts';
import { buildDailySections } from './build-daily-sections.ts';
import type { Config, ConfiguredDatabase, ConfiguredEncryption, SecretSource } from './config.ts';
import type { RawConfig } from './config-schema.ts';
import type { RawEncryption, RawSecretSource } from './encryption-schema.ts';
import { toLimits } from './limits-schema.ts';
import { MAX_PERIOD_MS, parseDuration } from './parse-duration.ts';
import type { YamlSource } from './yaml-source.ts';

/** Makes the configuration out of what has passed every check. `path` is absolute. */
export function buildConfig(raw: RawConfig, source: YamlSource, path: string): Config {
  const baseDir = dirname(path);
  const placeOf: Config['placeOf'] = (at, side) => source.placeAt(source.offsetOf(at, side));
  const targets = new Map(
    Object.entries(raw.targets ?? {}).map(([name, { type, access = 'full', limits, ...options }]) => [
      name,
      { type, access, options, ...(limits !== undefined && { limits: toLimits(limits) }) },
    ]),
  );
  return {
    path,
    baseDir,
    databases: (raw.databases ?? []).map((each, index) => toDatabase(each, placeOf(['databases', index]))),
    targets,
    backup: toBackup(raw.backup ?? {}, [...targets.keys()], baseDir),
    ...(raw.encryption !== undefined && { encryption: toEncryption(raw.encryption, baseDir) }),
    retention: raw.retention ?? DEFAULT_POLICY,
    verify: toVerify(raw.verify ?? {}),
    ...(raw.schedule !== undefined && { schedule: toSchedule(raw.schedule) }),
    log: toLog(raw.log ?? {}, baseDir),
    ...buildDailySections(raw, baseDir),
    placeOf,
  };
}

function toEncryption(raw: RawEncryption, baseDir: string): ConfiguredEncryption {
  const { recipients = [], identities = [], passphrase } = raw;
  return {
    recipients: recipients.map((each) =>
      typeof each === 'string' ? each : { file: resolve(baseDir, each.file) },
    ),
    identities: (Array.isArray(identities) ? identities : [identities]).map((each) =>
      toSecretSource(each, baseDir),
    ),
    ...(passphrase !== undefined && { passphrase: toSecretSource(passphrase, baseDir) }),
  };
}

function toSecretSource(raw: RawSecretSource, baseDir: string): SecretSource {
  if (raw === 'prompt') return raw;
  const { file, env, command = [], timeout, passphrase } = raw;
  if (env !== undefined) return { env };
  if (file !== undefined) {
    return {
      file: resolve(baseDir, file),
      ...(passphrase !== undefined && { passphrase: toSecretSource(passphrase, baseDir) }),
    };
  }
  const timeoutMs = timeout === undefined ? undefined : parseDuration(timeout);
  return { command, ...(timeoutMs !== undefined && { timeoutMs }) };
}

function toVerify({ daily, scanEvery }: NonNullable<RawConfig['verify']>): Config['verify'] {
  const scanEveryMs = scanEvery === undefined ? undefined : parseDuration(scanEvery, MAX_PERIOD_MS);
  return { ...(daily !== undefined && { daily }), ...(scanEveryMs !== undefined && { scanEveryMs }) };
}

function toSchedule({
  jitter,
  ...times
}: NonNullable<RawConfig['schedule']>): NonNullable<Config['schedule']> {
  const jitterMs = jitter === undefined ? undefined : parseDuration(jitter);
  return { ...times, ...(jitterMs !== undefined && { jitterMs }) };
}

function toLog(
  { file, format = 'text', maxMegabytes = 10, keep = 5 }: NonNullable<RawConfig['log']>,
  baseDir: string,
): Config['log'] {
  return { ...(file !== undefined && { file: resolve(baseDir, file) }), format, maxMegabytes, keep };
}

function toDatabase(raw: NonNullable<RawConfig['databases']>[number], place: string): ConfiguredDatabase {
  return typeof raw === 'string' ? { path: raw, place } : { ...raw, place };
}

function toBackup(
  raw: NonNullable<RawConfig['backup']>,
  allTargets: readonly string[],
  baseDir: string,
): Config['backup'] {
  const waitMs = raw.wait === undefined ? undefined : parseDuration(raw.wait);
  const pauseWriterMs = raw.pauseWriter === undefined ? undefined : parseDuration(raw.pauseWriter);
  const fullEveryMs =
    typeof raw.incremental === 'object' && raw.incremental.fullEvery !== undefined
      ? parseDuration(raw.incremental.fullEvery, MAX_PERIOD_MS)
      : undefined;
  return {
    targets: raw.targets ?? allTargets,
    ...(raw.compression !== undefined && { compression: raw.compression }),
    ...(raw.incremental === false && { full: true }),
    ...(fullEveryMs !== undefined && { fullEveryMs }),
    ...(waitMs !== undefined && { waitMs }),
    ...(pauseWriterMs !== undefined && { pauseWriterMs }),
    ...(raw.sameMoment !== undefined && { sameMoment: raw.sameMoment }),
    ...(raw.tempDir !== undefined && { tempDir: resolve(baseDir, raw.tempDir) }),
  };
}
