import { listBackups } from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { findConfig, whatIsMissing } from '../config/find-config.ts';
import { renderList } from '../render/list.ts';
import { onEachTarget } from './each-target.ts';

export async function list(context: CommandContext, target: string | undefined): Promise<number> {
  const config = await findConfig(context);
  const names = target === undefined ? [...config.targets.keys()] : [target];
  const { results, outcomes, exitCode } = await onEachTarget(names, config, context, (named) =>
    listBackups(named, { signal: context.io.signal }),
  );
  const backups = results
    .flatMap(({ result }) => result)
    .toSorted((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
  for (const { name, error } of outcomes) if (error !== undefined) context.warn(`${name}: ${error.message}`);
  const looked = outcomes.filter(({ status }) => status === 'ok').map(({ name }) => name);
  const missing = backups.length === 0 ? await whatIsMissing(context, config) : undefined;
  if (missing !== undefined) context.warn(missing);
  context.answer(
    { backups, targets: outcomes },
    renderList(backups, { targets: looked, now: context.io.now(), colors: context.colors }),
  );
  return exitCode;
}
