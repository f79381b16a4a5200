import { type Config, EXIT, type FailureReport, type NamedTarget } from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { OpenTargets } from '../config/open-targets.ts';
import { describeError } from '../describe-error.ts';

/** What became of one of several targets. */
export interface TargetOutcome {
  readonly name: string;
  readonly status: 'ok' | 'failed' | 'skipped';
  readonly error?: FailureReport;
}

export interface EachTarget<Result> {
  readonly results: readonly { readonly target: string; readonly result: Result }[];
  /** In the order of the names. */
  readonly outcomes: readonly TargetOutcome[];
  /** 0, or the exit code of the first target that failed. */
  readonly exitCode: number;
}

/**
 * Does something on each of several targets, one after the other; one that fails does not stop the others.
 *
 * @throws what is wrong with the configuration; the error itself, if there is only one target; the abort's reason.
 */
export async function onEachTarget<Result>(
  names: readonly string[],
  config: Config,
  context: CommandContext,
  work: (target: NamedTarget) => Promise<Result>,
): Promise<EachTarget<Result>> {
  const { signal } = context.io;
  const several = names.length > 1;
  const results: { target: string; result: Result }[] = [];
  const outcomes: TargetOutcome[] = [];
  let exitCode = 0;
  const failed = (name: string, error: unknown): void => {
    const { code, message, hint, exitCode: itsCode } = describeError(error);
    // What a target does not allow by the configuration is no failure as long as it is not what was asked for alone.
    const status = code === 'TARGET_ACCESS' ? 'skipped' : 'failed';
    outcomes.push({ name, status, error: { code, message, ...(hint !== undefined && { hint }) } });
    if (exitCode === 0 && status === 'failed') exitCode = itsCode;
  };
  for (const name of names) {
    // Each is opened only for its own turn; all are checked against the configuration by then or not at all.
    await using opened = await OpenTargets.open([name], config, context, { several });
    for (const { error } of opened.failed) failed(name, error);
    for (const target of opened.targets) {
      try {
        results.push({ target: name, result: await work(target) });
        outcomes.push({ name, status: 'ok' });
      } catch (error) {
        signal.throwIfAborted();
        if (!several) throw error;
        failed(name, error);
      }
    }
  }
  // Nothing was done anywhere.
  if (outcomes.length > 0 && outcomes.every(({ status }) => status === 'skipped')) exitCode = EXIT.usage;
  return { results, outcomes, exitCode };
}
