import { isTargetError } from '@quackup/target-api';

import type { NamedTarget } from '../api.ts';
import { QuackupError } from '../errors.ts';
import { checkOptions } from './check-options.ts';
import type { Config } from './config.ts';
import { messageOf } from './error-facts.ts';
import { hideSecrets } from './hide-secrets.ts';
import { loadTargetModule, type TargetModules } from './load-target-module.ts';
import { resolveSecrets } from './resolve-secrets.ts';
import { didYouMean } from './suggest.ts';

export interface OpenTargetOptions {
  /** Where `{ env: NAME }` is looked up. */
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/**
 * Opens a target of the configuration: loads its module, gets its secrets, checks its options. The caller closes it.
 *
 * @param builtins The types that come with the program.
 * @throws CONFIG_INVALID if there is no target of that name, or its options or secrets are wrong (with their places).
 * @throws TARGET_NOT_INSTALLED if its package is not installed.
 * @throws TARGET_INVALID if what its type names is no target, or one for another contract.
 * @throws TARGET_FAILED if it cannot be opened. The reason of an abort passes as it is.
 */
export async function openTarget(
  name: string,
  config: Config,
  builtins: TargetModules,
  { env, signal }: OpenTargetOptions,
): Promise<NamedTarget> {
  const configured = config.targets.get(name);
  if (configured === undefined) {
    const known = [...config.targets.keys()];
    throw new QuackupError(
      'CONFIG_INVALID',
      `there is no target "${name}" in ${config.path}${didYouMean(name, known)}`,
      {
        hint: known.length === 0 ? 'add it under `targets:`' : `use one of: ${known.join(', ')}`,
      },
    );
  }
  const place = config.placeOf(['targets', name, 'type']);
  const definition = await loadTargetModule(configured.type, config, builtins, place);
  const resolved = await resolveSecrets(configured.options, definition.secretOptions, {
    env,
    baseDir: config.baseDir,
  });
  const { optionsSchema: schema, secretOptions } = definition;
  const options = await checkOptions({ section: 'targets', name, schema, secretOptions }, resolved, config);
  try {
    const target = await definition.open(options, { baseDir: config.baseDir, ...(signal && { signal }) });
    checkOpened(target, configured.type, place);
    const { limits, access } = configured;
    const { secrets } = resolved;
    return {
      name,
      target,
      access,
      // Where the configuration asks for encryption nothing plain is written, whoever would.
      encryptedOnly: config.encryption !== undefined,
      ...(secrets.length > 0 && { secrets }),
      ...(limits !== undefined && { limits }),
    };
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof QuackupError) throw cause;
    const wrongOptions = isTargetError(cause) && cause.code === 'INVALID_OPTIONS';
    const text = hideSecrets(messageOf(cause), resolved.secrets);
    throw new QuackupError(
      wrongOptions ? 'CONFIG_INVALID' : 'TARGET_FAILED',
      wrongOptions
        ? `${config.placeOf(['targets', name])}: ${text}`
        : `the target "${name}" cannot be opened: ${text}`,
      { cause, ...(isTargetError(cause) && cause.hint !== undefined && { hint: cause.hint }) },
    );
  }
}

/** Whoever writes in JavaScript has no compiler that says so. */
function checkOpened(target: unknown, type: string, place: string): void {
  if (typeof target === 'object' && target !== null && 'put' in target && typeof target.put === 'function')
    return;
  throw new QuackupError('TARGET_INVALID', `${place}: what "${type}" opens is no target`, {
    hint: 'its `open` must return a StorageTarget of @quackup/target-api',
  });
}
