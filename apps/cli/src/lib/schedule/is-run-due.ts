import { mkdir } from 'node:fs/promises';

import { type Config, isComplete, listBackups, type NamedTarget } from '@quackup/core';
import { type Calendar, isDue } from '@quackup/schedule';

import type { CommandContext } from '../command-context.ts';
import { OpenTargets } from '../config/open-targets.ts';
import { lastThatCounts, readRunState, writeRunState } from '../state/run-record.ts';

/**
 * Whether a run is to be made: a time of the calendar has come since the last one began. Where nothing is known of runs (a new
 * machine, a container without a memory, a clock that was wrong) backups tell: a run is due if a target has had none since.
 */
export async function isRunDue(
  context: CommandContext,
  config: Config,
  calendar: Calendar,
  stateFolder: string,
): Promise<boolean> {
  const now = context.io.now();
  const known = isDue(calendar, lastThatCounts(await readRunState(stateFolder)), now);
  if (known !== 'unknown') return known;
  const newest = await newestOnEvery(context, config);
  const due = isDue(calendar, newest, now);
  if (due === 'unknown') return true;
  if (!due && newest !== undefined) await remember(stateFolder, newest);
  return due;
}

/** So that the targets need not be asked again. */
async function remember(stateFolder: string, begun: Date): Promise<void> {
  try {
    await mkdir(stateFolder, { recursive: true, mode: 0o700 });
    await writeRunState(stateFolder, { settled: begun.toISOString(), attempts: 0 });
  } catch {
    // They will be. A run, once one is due, says that the folder cannot be written.
  }
}

/** How far the target that is furthest behind has come; `undefined` if one has no good backup, or fails: the run will say why. */
async function newestOnEvery(context: CommandContext, config: Config): Promise<Date | undefined> {
  const { signal } = context.io;
  try {
    await using opened = await OpenTargets.open(config.backup.targets, config, context, { several: true });
    if (opened.failed.length > 0) return undefined;
    let oldest = Infinity;
    for (const target of opened.targets)
      oldest = Math.min(oldest, (await newestOn(target, signal)) ?? -Infinity);
    return Number.isFinite(oldest) ? new Date(oldest) : undefined;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

async function newestOn(target: NamedTarget, signal: AbortSignal): Promise<number | undefined> {
  const good = (await listBackups(target, { signal })).find(isComplete);
  return good === undefined ? undefined : Date.parse(good.createdAt);
}
