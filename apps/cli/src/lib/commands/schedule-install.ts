import { mkdir } from 'node:fs/promises';

import { EXIT } from '@quackup/core';
import { findSchedule, installSchedule, isCronRunning, showSchedule } from '@quackup/schedule';

import type { CommandContext } from '../command-context.ts';
import { renderNext } from '../render/schedule.ts';
import { openSchedule, type OpenSchedule, type ScheduleInput } from '../schedule/open-schedule.ts';
import { translateErrors } from '../schedule/translate-errors.ts';
import { writeRunState } from '../state/run-record.ts';
import { openStateFolder } from '../state/state-folder.ts';

export interface ScheduleInstallInput extends ScheduleInput {
  readonly dryRun: boolean;
}

/** @returns 0; what is installed already is not touched. */
export async function scheduleInstall(
  context: CommandContext,
  { dryRun, ...input }: ScheduleInstallInput,
): Promise<number> {
  const { io } = context;
  return translateErrors(async () => {
    const open = await openSchedule(context, input);
    const { method, scope, job, machine } = open;
    const { state, planned, next } = await showSchedule(method, job, { from: io.now() }, machine);
    const advice = [...open.advice, ...(await otherInstallations(open)), ...(await idleCron(open))];
    const changed = !dryRun && state !== 'current';
    if (changed) advice.push(...(await install(context, open)));
    for (const each of advice) context.warn(each);
    const document = { method, scope, name: job.name, dryRun, changed, planned, next, advice };
    const done = dryRun
      ? `dry run: this would be ${state === 'different' ? 'put in place of what is installed' : 'installed'} with ${method}, for the ${scope}:`
      : changed
        ? `installed ${job.name} with ${method}, for the ${scope}`
        : `${job.name} is installed with ${method} already`;
    const text = dryRun
      ? state === 'current'
        ? [`dry run: it is installed as it should be`]
        : [done, planned.trimEnd()]
      : [done];
    context.report(document, [...text, ...renderNext(next, job.when.timeZone)], true);
    return EXIT.ok;
  });
}

async function install(
  { io }: CommandContext,
  { method, scope, job, config, machine }: OpenSchedule,
): Promise<readonly string[]> {
  const state = await openStateFolder(config.path, io.env);
  if (method === 'systemd' && scope === 'system') {
    // A folder that is not there cannot be opened for the unit, and within it nobody could make it.
    for (const folder of job.readWritePaths) await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  // What would have been earlier was not missed. First, because launchd may start the job at once.
  await writeRunState(state, { settled: io.now().toISOString(), attempts: 0 });
  return installSchedule(method, job, machine);
}

/** A crontab that nobody reads looks like a schedule. */
async function idleCron({ method, machine }: OpenSchedule): Promise<string[]> {
  return method === 'cron' && (await isCronRunning(machine)) === false
    ? ['no cron daemon runs here, so nothing will run this: start cron, or use quackup daemon']
    : [];
}

/** Two schedulers would each run it. */
async function otherInstallations({ others, method, scope, job, machine }: OpenSchedule): Promise<string[]> {
  const advice: string[] = [];
  for (const other of others) {
    if ((await findSchedule(other, { name: job.name, scope }, machine)) !== undefined)
      advice.push(
        `it is installed with ${other} too, besides ${method}: quackup schedule remove --method ${other}`,
      );
  }
  return advice;
}
