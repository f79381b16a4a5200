import { resolve } from 'node:path';

import type { DailyConfig, HookConfig } from './daily-config.ts';
import type { RawDailySections } from './daily-sections.ts';
import { MAX_PERIOD_MS, parseDuration } from './parse-duration.ts';

const DEFAULT_HOOK_TIMEOUT_MS = 60_000;

/** Makes the sections out of what has passed every check. */
export function buildDailySections(
  { metrics, notifications, hooks, alarms }: RawDailySections,
  baseDir: string,
): DailyConfig {
  return {
    metrics: metrics?.file === undefined ? {} : { file: resolve(baseDir, metrics.file) },
    notifications: new Map(Object.entries(notifications ?? {})),
    hooks: toHooks(hooks ?? {}),
    alarms: toAlarms(alarms ?? {}),
  };
}

function toHooks({ timeout, passEnv = [], ...commands }: NonNullable<RawDailySections['hooks']>): HookConfig {
  const timeoutMs = timeout === undefined ? undefined : parseDuration(timeout);
  return { ...commands, timeoutMs: timeoutMs ?? DEFAULT_HOOK_TIMEOUT_MS, passEnv };
}

function toAlarms({ notGrownFor, ...rest }: NonNullable<RawDailySections['alarms']>): DailyConfig['alarms'] {
  const notGrownForMs = notGrownFor === undefined ? undefined : parseDuration(notGrownFor, MAX_PERIOD_MS);
  return { ...rest, ...(notGrownForMs !== undefined && { notGrownForMs }) };
}
