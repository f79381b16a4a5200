import { EXIT } from '@quackup/core';
import { findSchedule, type Method, nextRuns, parseTiming, showSchedule } from '@quackup/schedule';

import type { CommandContext } from '../command-context.ts';
import { renderSchedule, type ShownSchedule } from '../render/schedule.ts';
import { openSchedule, type OpenSchedule, type ScheduleInput } from '../schedule/open-schedule.ts';
import { translateErrors } from '../schedule/translate-errors.ts';

/** @returns 0, whether or not something is installed. */
export async function scheduleShow(context: CommandContext, input: ScheduleInput): Promise<number> {
  return translateErrors(async () => {
    const open = await openSchedule(context, input);
    const schedules: ShownSchedule[] = [];
    for (const method of await methodsToShow(open, input.method))
      schedules.push(await show(context, open, method));
    for (const each of open.advice) context.warn(each);
    context.answer(
      { schedules },
      schedules.flatMap((each) => renderSchedule(each, context.colors)),
    );
    return EXIT.ok;
  });
}

/** Those by which it is installed; if none, the one that would be used. */
async function methodsToShow(
  { method, others, scope, job, machine }: OpenSchedule,
  named: string | undefined,
): Promise<readonly Method[]> {
  if (named !== undefined) return [method];
  const found: Method[] = [];
  for (const each of [method, ...others]) {
    if ((await findSchedule(each, { name: job.name, scope }, machine)) !== undefined) found.push(each);
  }
  return found.length === 0 ? [method] : found;
}

async function show(
  { io }: CommandContext,
  { scope, job, machine }: OpenSchedule,
  method: Method,
): Promise<ShownSchedule> {
  const from = io.now();
  const { state, planned, installed, next } = await showSchedule(method, job, { from }, machine);
  const found = await findSchedule(method, { name: job.name, scope }, machine);
  // What is installed runs at its own times, whatever the plan says.
  const when = found?.when ?? job.when;
  const calendar = parseTiming(when);
  return {
    method,
    scope,
    name: job.name,
    state,
    cron: calendar.expression,
    timeZone: when.timeZone ?? machine.timeZone,
    planned,
    installed: installed ?? null,
    next: found?.when === undefined ? next : nextRuns(calendar, { from }),
  };
}
