import { existsSync } from 'node:fs';

/** sshd wants to be started by its whole path. */
export const SSHD = '/usr/sbin/sshd';

/** Why no server can be started here; undefined if one can. Where tests must not be skipped (CI) it throws instead. */
export function whyNoSshd(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (existsSync(SSHD)) return undefined;
  const reason = `there is no ${SSHD}: install openssh-server`;
  if (env.QUACKUP_TOOLS === 'required') throw new Error(reason);
  return reason;
}
