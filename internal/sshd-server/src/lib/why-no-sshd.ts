import { whyNoPrograms } from '@quackup/fixtures';

/** sshd wants to be started by its whole path. */
export const SSHD = '/usr/sbin/sshd';

/** Why no server can be started here; undefined if one can. Where tests must not be skipped (CI) it throws instead. */
export function whyNoSshd(): string | undefined {
  const missing = whyNoPrograms(SSHD);
  return missing === undefined ? undefined : `${missing}: apt-get install openssh-server`;
}
