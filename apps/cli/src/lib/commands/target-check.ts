import {
  checkTarget,
  type Config,
  EXIT,
  type NamedTarget,
  openTarget,
  QuackupError,
  type TargetCheckReport,
} from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { BUILTIN_TARGETS } from '../config/builtin-targets.ts';
import { findConfig } from '../config/find-config.ts';
import { counted } from '../render/format.ts';
import { renderTargetCheck } from '../render/target-check.ts';
import { probeConformance } from '../target-check/probe-conformance.ts';
import type { ConformanceSummary } from '../target-check/summarize.ts';
import { onEachTarget } from './each-target.ts';

export interface TargetCheckInput {
  readonly name: string | undefined;
  /** Only the probe object, not the conformance cases. */
  readonly quick: boolean;
}

/** What is known of one target; `conformance` is null with `--quick`, where nothing may be removed, and if not even the probe
 * object works. */
export interface CheckedTarget extends TargetCheckReport {
  readonly conformance: ConformanceSummary | null;
}

export async function targetCheck(context: CommandContext, input: TargetCheckInput): Promise<number> {
  const config = await findConfig(context);
  const names = input.name === undefined ? [...config.targets.keys()] : [input.name];
  const [first] = names;
  if (first === undefined) throw new QuackupError('CONFIG_INVALID', 'no target is configured');
  const { results, outcomes, exitCode } = await onEachTarget(names, config, context, async (named) => {
    const report = await checkTarget(named, { signal: context.io.signal });
    const runs = report.ok && !input.quick && isRemovable(report, context);
    const conformance = runs ? await conformanceOf(named, config, context) : null;
    return { ...report, ok: report.ok && conformance?.ok !== false, conformance } satisfies CheckedTarget;
  });
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

/** What the cases store must be removed again. */
function isRemovable({ target, access }: TargetCheckReport, context: CommandContext): boolean {
  if (access === 'full') return true;
  context.warn(`${target}: only a probe object was tried: with access "${access}" nothing could be removed`);
  return false;
}

function conformanceOf(
  { name, secrets = [] }: NamedTarget,
  config: Config,
  { io: { env, signal, stderr }, options: { quiet } }: CommandContext,
): Promise<ConformanceSummary> {
  return probeConformance({
    // Not by the signal: what was stored is removed after it.
    open: async () => (await openTarget(name, config, BUILTIN_TARGETS, { env })).target,
    secrets,
    signal,
    onGroup: (group, cases) => {
      if (!quiet) stderr.write(`${name}: ${group}, ${counted(cases, 'case')}\n`);
    },
  });
}
