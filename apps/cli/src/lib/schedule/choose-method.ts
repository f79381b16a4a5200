import { existsSync } from 'node:fs';

import { QuackupError } from '@quackup/core';
import { type Method, METHODS, type Scope } from '@quackup/schedule';

export interface MethodInput {
  readonly method?: string;
  readonly user?: boolean;
  readonly system?: boolean;
}

export interface ChosenMethod {
  readonly method: Method;
  readonly scope: Scope;
  /** Other methods that this system may have. */
  readonly others: readonly Method[];
}

/**
 * The scheduler of this machine, unless the command line names another; for the system if root asks.
 *
 * @throws USAGE if there is no such method, or it is the system's and somebody else asks.
 */
export function chooseMethod(
  { method, user, system }: MethodInput,
  {
    platform,
    uid,
    hasSystemd = existsSync('/run/systemd/system'),
  }: { readonly platform: NodeJS.Platform; readonly uid: number; readonly hasSystemd?: boolean },
): ChosenMethod {
  if (user === true && system === true)
    throw new QuackupError('USAGE', '--user and --system exclude each other', { hint: 'use one of them' });
  if (system === true && uid > 0) {
    throw new QuackupError('USAGE', '--system needs root; nothing was changed', {
      hint: 'run it with sudo, or install it for this user with --user',
    });
  }
  const here = methodsOf(platform, hasSystemd);
  const chosen = METHODS.find((each) => each === method) ?? here[0];
  if (chosen === undefined || (method !== undefined && chosen !== method)) {
    throw new QuackupError('USAGE', `--method: "${method ?? ''}" is none`, {
      hint: `use one of: ${METHODS.join(', ')}`,
    });
  }
  const scope = system === true || (user !== true && uid === 0) ? 'system' : 'user';
  return { method: chosen, scope, others: here.filter((each) => each !== chosen) };
}

function methodsOf(platform: NodeJS.Platform, hasSystemd: boolean): Method[] {
  if (platform === 'darwin') return ['launchd', 'cron'];
  if (platform === 'win32') return ['windows'];
  return hasSystemd ? ['systemd', 'cron'] : ['cron', 'systemd'];
}
