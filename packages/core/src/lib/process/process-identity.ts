/**
 * Which process left something behind, and whether it still runs. A process id is used again; together with the start
 * of the process, and the boot of the machine, it is not.
 */
import { access, readFile } from 'node:fs/promises';

/** When process `pid` started, in clock ticks since boot; 0 where the system does not tell; undefined if there is none. */
export async function processStart(pid: number): Promise<number | undefined> {
  if (process.platform === 'linux') {
    const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
    if (text === undefined) return undefined;
    // The command in parentheses may hold anything; field 3, the state, is the first after it, field 22 the 20th.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // A process that has ended but that nobody has asked about does nothing any more.
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : Number(fields[19] ?? 0);
  }
  try {
    process.kill(pid, 0);
    return 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 0 : undefined;
  }
}

/** The start of this process, see {@link isProcessAlive}. */
export async function ownProcessStart(): Promise<number> {
  return (await processStart(process.pid)) ?? 0;
}

/** Whether the process with this id and this start still runs on this machine. */
export async function isProcessAlive(pid: number, start: number): Promise<boolean> {
  const now = await processStart(pid);
  if (now === undefined) return isHidden(pid);
  return now === start;
}

/** Whether a process is there of which the system tells us nothing (`hidepid`). Which one it is stays unknown; it may be the one. */
async function isHidden(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  try {
    await access(`/proc/${pid}/stat`);
    return false;
  } catch {}
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Something that changes at every boot; empty where the system does not tell. */
export async function bootId(): Promise<string> {
  const text = await readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => '');
  return text.trim();
}
