import {
  type Config,
  listBackups,
  MAX_PERIOD_MS,
  parseDuration,
  QuackupError,
  resolveDatabases,
} from '@quackup/core';

import { CommandContext } from '../command-context.ts';
import { findConfig, whatIsMissing } from '../config/find-config.ts';
import { OpenTargets } from '../config/open-targets.ts';
import { describeError } from '../describe-error.ts';
import { readHistory } from '../history/history-file.ts';
import { stateFolder } from '../state/state-folder.ts';
import { judgeStatus, type TargetFinding } from '../status/judge-status.ts';
import { renderStatus } from '../status/render-status.ts';

export interface StatusInput {
  readonly maxAge: string;
  readonly timeout: string;
  readonly target?: string;
}

/**
 * Whether there is a good backup that is young enough, for Nagios and its like.
 *
 * @returns 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN: see decisions/0008.
 */
export async function status(context: CommandContext, input: StatusInput): Promise<number> {
  const maxAgeMs = durationFrom('--max-age', input.maxAge, MAX_PERIOD_MS);
  const timeoutMs = durationFrom('--timeout', input.timeout);
  const config = await findConfig(context);
  const names = input.target === undefined ? config.backup.targets : [input.target];
  const { databases } = await resolveDatabases(config);
  const findings = await Promise.all(names.map((name) => look(name, config, context, timeoutMs)));
  const history = await readHistory(stateFolder(config.path, context.io.env));
  const report = judgeStatus({
    findings,
    databases: databases.map(({ name }) => name),
    history,
    maxAgeMs,
    now: context.io.now(),
  });
  context.answer(report, renderStatus(report));
  return report.exitCode;
}

/** A target that does not answer in time is unknown: a monitor that had to wait would say less. */
async function look(
  name: string,
  config: Config,
  context: CommandContext,
  timeoutMs: number,
): Promise<TargetFinding> {
  if (config.targets.get(name)?.access === 'write-only') return { target: name, writeOnly: true };
  const { io, options } = context;
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([io.signal, timeout]);
  try {
    await using opened = await OpenTargets.open(
      [name],
      config,
      new CommandContext({ ...io, signal }, options),
    );
    const [target] = opened.targets;
    if (target === undefined) throw new QuackupError('INTERNAL', `the target ${name} was not opened`);
    const backups = await listBackups(target, { signal });
    const missing = await whatIsMissing(context, config);
    return { target: name, backups, ...(missing !== undefined && { missing }) };
  } catch (error) {
    io.signal.throwIfAborted();
    if (timeout.aborted) return { target: name, error: `no answer within ${timeoutMs / 1000} s` };
    const { code, message } = describeError(error);
    if (code !== 'TARGET_FAILED' && code !== 'TARGET_ACCESS') throw error;
    return { target: name, error: message };
  }
}

function durationFrom(option: string, text: string, maxMs?: number): number {
  const ms = parseDuration(text, maxMs);
  if (ms !== undefined && ms > 0) return ms;
  throw new QuackupError('USAGE', `${option}: "${text}" is not a duration`, {
    hint: 'write a number and a unit: 26h, 7d',
  });
}
