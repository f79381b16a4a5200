import { dirname, resolve } from 'node:path';

import { EXIT } from '@quackup/core';
import { findSchedule, type Method, removeSchedule, thisMachine } from '@quackup/schedule';

import type { CommandContext } from '../command-context.ts';
import { CONFIG_FILE } from '../config/find-config.ts';
import { chooseMethod, type MethodInput } from '../schedule/choose-method.ts';
import { jobName } from '../schedule/job-name.ts';
import { translateErrors } from '../schedule/translate-errors.ts';

export interface ScheduleRemoveInput extends MethodInput {
  readonly dryRun: boolean;
}

/** @returns 0, also if nothing was installed. */
export async function scheduleRemove(
  context: CommandContext,
  { dryRun, ...input }: ScheduleRemoveInput,
): Promise<number> {
  return translateErrors(async () => {
    const { io, options } = context;
    const machine = thisMachine(io.env);
    const { method, others, scope } = chooseMethod(input, {
      platform: process.platform,
      uid: machine.uid,
    });
    // The configuration itself may be broken, or gone.
    const config = resolve(io.cwd, options.config ?? CONFIG_FILE);
    const which = { name: jobName(config, dirname(config)), scope };
    const removed: Method[] = [];
    for (const each of input.method === undefined ? [method, ...others] : [method]) {
      if ((await findSchedule(each, which, machine)) === undefined) continue;
      if (!dryRun) await removeSchedule(each, which, machine);
      removed.push(each);
    }
    const lines = removed.map((each) =>
      dryRun ? `dry run: ${which.name} would be removed from ${each}` : `removed ${which.name} from ${each}`,
    );
    context.report(
      { name: which.name, scope, dryRun, removed },
      lines.length === 0 ? [`${which.name} is not installed`] : lines,
      true,
    );
    return EXIT.ok;
  });
}
