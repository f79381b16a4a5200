import { dirname } from 'node:path';

import type { Config, DailyProblem, DailyReport } from '@quackup/core';

import { describeError } from '../describe-error.ts';
import type { RunLog } from '../log/run-log.ts';
import { type HookFacts, hookEnvironment } from './hook-environment.ts';
import { runHook } from './run-hook.ts';

export interface HooksOptions {
  readonly config: Pick<Config, 'hooks' | 'path'>;
  readonly env: NodeJS.ProcessEnv;
  readonly log: RunLog;
  readonly runId: string;
  readonly startedAt: Date;
}

/** The commands that the configuration names, around one run. Output goes to the log. */
export class Hooks {
  readonly #options: HooksOptions;
  #begun = false;

  constructor(options: HooksOptions) {
    this.#options = options;
  }

  /** @throws HOOK_FAILED if it fails: the run is not to go on. Nothing was done. */
  async before(signal: AbortSignal): Promise<void> {
    this.#begun = true;
    await this.#run('before', { signal });
  }

  /**
   * `after` (if `before` was begun: what it did may have to be undone, also if it failed halfway), then `onFailure`. An
   * interruption does not keep them from running: somebody may be waiting for the end.
   *
   * @returns what went wrong, as warnings: the backup is what it is.
   */
  async finish(report: DailyReport): Promise<DailyProblem[]> {
    const problems: DailyProblem[] = [];
    const hooks = [
      ...(this.#begun ? (['after'] as const) : []),
      ...(report.outcome === 'failure' ? (['onFailure'] as const) : []),
    ];
    for (const hook of hooks) {
      try {
        await this.#run(hook, { report });
      } catch (error) {
        const { code, message, hint } = describeError(error);
        problems.push({
          severity: 'warning',
          subject: `hook ${hook}`,
          code,
          message,
          ...(hint !== undefined && { hint }),
        });
      }
    }
    return problems;
  }

  async #run(
    hook: HookFacts['hook'],
    { report, signal }: { readonly report?: DailyReport; readonly signal?: AbortSignal },
  ): Promise<void> {
    const { config, env, log, runId, startedAt } = this.#options;
    const { timeoutMs, passEnv, [hook]: argv } = config.hooks;
    if (argv === undefined) return;
    const facts = { hook, runId, configPath: config.path, startedAt, ...(report && { report }) };
    log.write('info', `hook ${hook}: begun`);
    await runHook(argv, {
      name: hook,
      cwd: dirname(config.path),
      env: hookEnvironment(env, passEnv, facts),
      timeoutMs,
      ...(signal && { signal }),
      onLine: (line) => log.write('info', `hook ${hook}: ${line}`),
    });
    log.write('info', `hook ${hook}: ended well`);
  }
}
