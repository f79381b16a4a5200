import { userInfo } from 'node:os';
import { resolve } from 'node:path';

import { type Config, resolveDatabases } from '@quackup/core';
import { findSchedule, type Job, type Machine, thisMachine, type Timing } from '@quackup/schedule';

import type { CommandContext } from '../command-context.ts';
import { requireConfig } from '../config/find-config.ts';
import { stateFolder } from '../state/state-folder.ts';
import { type ChosenMethod, chooseMethod, type MethodInput } from './choose-method.ts';
import { jobName } from './job-name.ts';
import { missingVariables, namesInReferences, readEnvFile, watchEnvironment } from './needed-variables.ts';
import { neededFolders } from './needed-folders.ts';
import { planJob } from './plan-job.ts';
import { findJitter, findTiming, type TimingInput } from './timing.ts';

/** Every night, if nobody says when. */
const NIGHTLY: Timing = { at: '02:00' };

export interface ScheduleInput extends MethodInput, TimingInput {
  readonly jitter?: string;
  readonly envFile?: string;
}

/** All that is known of the job of a configuration. */
export interface OpenSchedule extends ChosenMethod {
  readonly machine: Machine;
  readonly config: Config;
  readonly stateFolder: string;
  readonly job: Job;
  /** When the installed one runs; `undefined` if none is installed or it does not say. */
  readonly installedTiming: Timing | undefined;
  /** What somebody should know before it is relied upon. */
  readonly advice: readonly string[];
}

/**
 * Works out the job of the configuration. Changes nothing.
 *
 * @throws CONFIG_NOT_FOUND or CONFIG_INVALID if there is no configuration, or not a good one: a job without would do nothing.
 * @throws USAGE if an option says something impossible.
 */
export async function openSchedule(context: CommandContext, input: ScheduleInput): Promise<OpenSchedule> {
  const { io } = context;
  const machine = thisMachine(io.env);
  const chosen = chooseMethod(input, { platform: process.platform, uid: machine.uid });
  const envFile = input.envFile === undefined ? undefined : resolve(io.cwd, input.envFile);
  const fileVariables = envFile === undefined ? {} : await readEnvFile(envFile);
  const { env, names } = watchEnvironment({ ...io.env, ...fileVariables });
  const config = await requireConfig(context, env);
  const used = [...names, ...namesInReferences(config), ...config.hooks.passEnv];
  const { databases, warnings } = await resolveDatabases(config);
  const state = stateFolder(config.path, io.env);
  const { written, unknown } = neededFolders(config, { stateFolder: state, tempDir: io.env['TMPDIR'] });
  const installed = await findSchedule(
    chosen.method,
    { name: jobName(config.path, config.baseDir), scope: chosen.scope },
    machine,
  );
  const job = planJob(config, {
    scope: chosen.scope,
    timing: findTiming(input, config) ?? installed?.when ?? NIGHTLY,
    jitterMs: findJitter(input.jitter, config),
    node: process.execPath,
    envFile,
    env: io.env,
    home: userInfo().homedir,
    platform: process.platform,
    databases: databases.map(({ path }) => path),
    written,
  });
  const missing = missingVariables(used, [...Object.keys(job.environment), ...Object.keys(fileVariables)]);
  const advice = [
    ...warnings,
    ...(databases.length === 0 ? [`${config.path} names no database that is there`] : []),
    ...(missing.length === 0
      ? []
      : [
          `the configuration takes ${missing.join(', ')} from the environment, which a scheduled job does not have: write it to a file that only its user may read, and give that with --env-file`,
        ]),
    ...(chosen.method === 'systemd' && chosen.scope === 'system'
      ? [...unknown.map((name) => `the target "${name}"`), ...(hasHooks(config) ? ['a hook'] : [])].map(
          (who) =>
            `the unit may write only to folders that are known: if ${who} writes to another, add that as ReadWritePaths= with systemctl edit`,
        )
      : []),
  ];
  return { ...chosen, machine, config, stateFolder: state, job, installedTiming: installed?.when, advice };
}

function hasHooks({ hooks: { before, after, onFailure } }: Config): boolean {
  return [before, after, onFailure].some((each) => each !== undefined);
}
