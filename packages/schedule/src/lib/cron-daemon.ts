import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Machine } from './machine.ts';

/** Vixie's and Debian's; cronie and BusyBox; fcron; dcron. */
const DAEMONS: ReadonlySet<string> = new Set(['cron', 'crond', 'fcron', 'dcron']);

/** systemd-cron has no daemon: systemd reads crontabs by this. */
const GENERATORS = ['lib', 'usr/lib'].map(
  (folder) => `${folder}/systemd/system-generators/systemd-crontab-generator`,
);

/**
 * Whether something runs the lines of crontabs: containers and small images often have `crontab` and nothing that reads what it
 * writes.
 *
 * @returns undefined where that cannot be told: elsewhere than on Linux, and where the processes of others are hidden.
 */
export async function isCronRunning({ root }: Pick<Machine, 'root'>): Promise<boolean | undefined> {
  if (GENERATORS.some((path) => existsSync(join(root, path)))) return true;
  const proc = join(root, 'proc');
  // With the option hidepid the first process is one that others cannot see.
  const names = await readdir(proc).catch((): string[] => []);
  if (!names.includes('1')) return undefined;
  for (const pid of names.filter((name) => /^\d+$/.test(name))) {
    // It may have ended since.
    const name = await readFile(join(proc, pid, 'comm'), 'utf8').catch(() => '');
    if (DAEMONS.has(name.trim())) return true;
  }
  return false;
}
