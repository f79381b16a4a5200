import type { DailyReport } from '@quackup/core';

/**
 * What every program may need and no secret is. The environment of Quackup holds passwords of targets and channels; a hook gets
 * only what it is given by name (`passEnv`).
 */
const USUAL = new Set(
  [
    'PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TERM TMPDIR TEMP TMP XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS',
    // Windows: many programs do not start without.
    'SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT USERPROFILE USERNAME APPDATA LOCALAPPDATA PROGRAMDATA PROGRAMFILES',
  ].flatMap((names) => names.split(' ')),
);

export interface HookFacts {
  readonly hook: 'before' | 'after' | 'onFailure';
  readonly runId: string;
  readonly configPath: string;
  readonly startedAt: Date;
  /** Absent before the run. */
  readonly report?: DailyReport;
}

/** The environment of a hook: the usual variables, those that are passed by name, and `QUACKUP_*`, facts of the run. */
export function hookEnvironment(
  env: NodeJS.ProcessEnv,
  passEnv: readonly string[],
  { hook, runId, configPath, startedAt, report }: HookFacts,
): NodeJS.ProcessEnv {
  const passed = Object.entries(env).filter(
    ([name]) => USUAL.has(name.toUpperCase()) || name.startsWith('LC_') || passEnv.includes(name),
  );
  return {
    ...Object.fromEntries(passed),
    QUACKUP_HOOK: hook,
    QUACKUP_RUN_ID: runId,
    QUACKUP_CONFIG: configPath,
    QUACKUP_STARTED_AT: startedAt.toISOString(),
    ...(report !== undefined && reportFacts(report)),
  };
}

function reportFacts({ outcome, durationMs, backup, problems, lastGood }: DailyReport): NodeJS.ProcessEnv {
  const good = lastGood.find((each) => each.backup !== null);
  return {
    QUACKUP_OUTCOME: outcome,
    QUACKUP_DURATION_MS: String(durationMs),
    QUACKUP_BACKUP: backup?.backup ?? '',
    QUACKUP_KIND: backup?.kind ?? '',
    QUACKUP_DATABASES_FAILED: failedNames(backup?.databases),
    QUACKUP_TARGETS_FAILED: failedNames(backup?.targets),
    QUACKUP_PROBLEMS: String(problems.length),
    QUACKUP_LAST_GOOD: good?.backup ?? '',
  };
}

function failedNames(parts: readonly { name: string; status: string }[] = []): string {
  return parts.flatMap(({ name, status }) => (status === 'ok' ? [] : [name])).join('\n');
}
