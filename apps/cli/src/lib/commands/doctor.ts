import {
  type Config,
  type DoctorCheck,
  EXIT,
  MAX_PERIOD_MS,
  parseDuration,
  QuackupError,
  runDoctor,
} from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { hasConfigFile, findConfig } from '../config/find-config.ts';
import { allowedAgeMs } from '../doctor/allowed-age.ts';
import { checkChannels } from '../doctor/check-channels.ts';
import { openEach } from '../doctor/open-each.ts';
import { renderDoctor } from '../render/doctor.ts';

export interface DoctorInput {
  /** How old the last good backup may be. Default: what the schedule says, else 26h. */
  readonly maxAge?: string;
}

/** @returns 0 if nothing has FAILED, else 1; 2 if the configuration cannot be used: then that is the only check. */
export async function doctor(context: CommandContext, { maxAge }: DoctorInput): Promise<number> {
  const given = ageFrom(maxAge);
  const { signal, now } = context.io;
  const configured = await checkConfig(context);
  if (configured.config === undefined) return answer(context, [configured.check], EXIT.usage);
  const { config, check, scheduledMs } = configured;
  const maxAgeMs = given ?? scheduledMs;
  const targets = await openEach(config, context);
  try {
    const checks = await runDoctor({
      config,
      targets,
      clock: { now },
      signal,
      ...(maxAgeMs !== undefined && { maxAgeMs }),
    });
    const all = [check, ...(await checkChannels(config, context.io.env)), ...checks];
    return answer(context, all, all.some(({ status }) => status === 'FAILED') ? EXIT.failed : EXIT.ok);
  } finally {
    for (const { opened } of targets) if ('target' in opened) await opened.target.close();
  }
}

function answer(context: CommandContext, checks: readonly DoctorCheck[], exitCode: number): number {
  const { quiet } = context.options;
  const shown = quiet ? checks.filter(({ status }) => status !== 'OK') : checks;
  context.answer({ checks }, renderDoctor(shown, checks, context.colors));
  return exitCode;
}

interface Checked {
  /** Absent if it cannot be used. */
  readonly config?: Config;
  /** How old the last backup may be by its schedule. */
  readonly scheduledMs?: number | undefined;
  readonly check: DoctorCheck;
}

async function checkConfig(context: CommandContext): Promise<Checked> {
  const name = 'config';
  try {
    const config = await findConfig(context);
    const scheduledMs = allowedAgeMs(config, context.io.now());
    if (await hasConfigFile(context))
      return { config, scheduledMs, check: { name, status: 'OK', message: `${config.path} can be used` } };
    const message = `there is no ${config.path}: nothing says what to back up`;
    const hint = 'write one with quackup init';
    return { config, scheduledMs, check: { name, status: 'WARN', message, hint } };
  } catch (error) {
    if (!(error instanceof QuackupError) || error.exitCode !== EXIT.usage) throw error;
    const { message, hint } = error;
    return { check: { name, status: 'FAILED', message, ...(hint !== undefined && { hint }) } };
  }
}

function ageFrom(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text, MAX_PERIOD_MS);
  if (ms !== undefined) return ms;
  throw new QuackupError('USAGE', `--max-age: "${text}" is not a duration`, {
    hint: 'write a number and a unit: 26h, 8d',
  });
}
