import { checkTarget, EXIT, QuackupError } from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { findConfig } from '../config/find-config.ts';
import { renderTargetCheck } from '../render/target-check.ts';
import { onEachTarget } from './each-target.ts';

export async function targetCheck(context: CommandContext, name: string | undefined): Promise<number> {
  const config = await findConfig(context);
  const names = name === undefined ? [...config.targets.keys()] : [name];
  const [first] = names;
  if (first === undefined) throw new QuackupError('CONFIG_INVALID', 'no target is configured');
  const { results, outcomes, exitCode } = await onEachTarget(names, config, context, (named) =>
    checkTarget(named, { signal: context.io.signal }),
  );
  const reports = results.map(({ result }) => result);
  for (const { name: failed, error } of outcomes)
    if (error !== undefined) context.warn(`${failed}: ${error.message}`);
  context.answer(
    { targets: reports, outcomes },
    reports.flatMap((report) => renderTargetCheck(report, context.colors)),
  );
  if (exitCode !== 0) return exitCode;
  return reports.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed;
}
