import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Config } from '@quackup/core';
import { type Job, parseTiming, type Scope, type Timing } from '@quackup/schedule';

import { jobName } from './job-name.ts';

/** What a job depends on besides the configuration. */
export interface JobFacts {
  readonly scope: Scope;
  readonly timing: Timing;
  readonly jitterMs: number;
  /** Absolute. */
  readonly node: string;
  /** Absolute. */
  readonly envFile?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** The home folder that the scheduler would give the job. */
  readonly home: string;
  readonly platform: NodeJS.Platform;
  /** Absolute paths of the databases. */
  readonly databases: readonly string[];
  /** Absolute. */
  readonly written: readonly string[];
}

/** The script that `quackup` is: beside this file's folders, as source or built. */
const SCRIPT = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../bin.ts' : '../../bin.js', import.meta.url),
);

/** The job that runs `daily` for a configuration. */
export function planJob(config: Pick<Config, 'path' | 'baseDir'>, facts: JobFacts): Job {
  const { scope, timing, node, envFile, databases, written } = facts;
  const jitterSeconds = Math.ceil(facts.jitterMs / 1000);
  const { expression } = parseTiming(timing);
  return {
    name: jobName(config.path, config.baseDir),
    when: timing,
    command: {
      node,
      // As the first line of the script says it.
      nodeArgs: ['--max-semi-space-size=2', ...(envFile === undefined ? [] : [`--env-file=${envFile}`])],
      script: SCRIPT,
      // Quiet: cron mails every word.
      args: ['--quiet', '--config', config.path, 'daily'],
      ifDueArgs: ['--if-due', expression, '--jitter', `${jitterSeconds}s`],
    },
    workingDir: config.baseDir,
    environment: environmentOf(facts),
    scope,
    readPaths: [
      config.path,
      ...new Set(databases.map((path) => dirname(path))),
      ...(envFile === undefined ? [] : [envFile]),
    ],
    readWritePaths: written,
    maxDelaySeconds: jitterSeconds,
  };
}

/** Variables that decide where state and scratch files are, if the scheduler would not set them to the same. */
function environmentOf({ node, env, home, platform }: JobFacts): Record<string, string> {
  const homebrew = platform === 'darwin' ? ['/opt/homebrew/bin'] : [];
  const folders = [
    dirname(node),
    '/usr/local/sbin',
    '/usr/local/bin',
    ...homebrew,
    '/usr/sbin',
    '/usr/bin',
    '/sbin',
    '/bin',
  ];
  if (platform === 'win32') return {};
  const { HOME, XDG_STATE_HOME, TMPDIR } = env;
  return {
    PATH: [...new Set(folders)].join(':'),
    ...(HOME && HOME !== home && { HOME }),
    ...(XDG_STATE_HOME && { XDG_STATE_HOME }),
    ...(TMPDIR && { TMPDIR }),
  };
}
