/**
 * Who holds a database open. DuckDB takes a POSIX lock on `X`: a write lock for READ_WRITE, a read lock for READ_ONLY.
 *
 * Linux lists locks in /proc/locks, macOS tells through lsof; on Windows a file that is open READ_WRITE cannot be read
 * at all, so one that can be has no writer. What cannot be known is said to be unknown: a process in another container
 * or on another host of a network file system is invisible here. Nothing is accepted because a list was empty;
 * holders decide how a database is read and what a refusal says, not whether a copy is right.
 */
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';

import { openFiles } from '../process/open-files.ts';

export interface LockHolder {
  readonly pid: number;
  /** Its command, if it may be seen. */
  readonly command: string | undefined;
  readonly mode: 'read' | 'write';
}

/** Holders of the lock, or `unknown` where the system does not tell. */
export type LockHolders = readonly LockHolder[] | 'unknown';

/** Looks up who holds `path`; does not open it. */
export async function findLockHolders(
  path: string,
  platform: NodeJS.Platform = process.platform,
): Promise<LockHolders> {
  if (platform === 'linux') return holdersFromProcLocks(path);
  if (platform === 'darwin') return holdersFromLsof(path);
  return 'unknown';
}

/** Whether somebody may be writing: a write lock is held, or it cannot be known. */
export function mayHaveWriter(holders: LockHolders): boolean {
  return holders === 'unknown' || holders.some(({ mode }) => mode === 'write');
}

/** "process 4711 (node server.js)", for messages. */
export function describeHolders(holders: readonly LockHolder[]): string {
  return holders.map(({ pid, command }) => `process ${pid}${command ? ` (${command})` : ''}`).join(', ');
}

/** A lock as a line of /proc/locks says it: `1: POSIX  ADVISORY  WRITE 4711 fe:01:131074 0 EOF`. */
export interface ProcLock {
  readonly pid: number;
  readonly mode: 'read' | 'write';
  /** Major and minor number of the device, in hexadecimal as written. */
  readonly device: string;
  readonly inode: bigint;
}

const LOCK_LINE = /^\d+: (?:-> )?POSIX\s+\S+\s+(READ|WRITE)\s+(-?\d+)\s+([0-9a-f]+:[0-9a-f]+):(\d+)\s/;

/** The POSIX locks in the text of /proc/locks. Waiting ones (`->`) are left out: they hold nothing. */
export function parseProcLocks(text: string): ProcLock[] {
  const locks: ProcLock[] = [];
  for (const line of text.split('\n')) {
    const match = LOCK_LINE.exec(line);
    if (match === null || line.includes('->')) continue;
    const [, mode, pid, device = '', inode = '0'] = match;
    locks.push({ pid: Number(pid), mode: mode === 'READ' ? 'read' : 'write', device, inode: BigInt(inode) });
  }
  return locks;
}

function deviceName(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
  return `${major.toString(16).padStart(2, '0')}:${minor.toString(16).padStart(2, '0')}`;
}

async function holdersFromProcLocks(path: string): Promise<LockHolders> {
  let text: string;
  try {
    text = await readFile('/proc/locks', 'latin1');
  } catch {
    return 'unknown';
  }
  const { dev, ino } = await stat(path, { bigint: true });
  const holders = new Map<number, LockHolder>();
  for (const lock of parseProcLocks(text)) {
    if (lock.inode !== ino || lock.pid <= 0 || holders.has(lock.pid)) continue;
    // btrfs and overlayfs show another device number here than stat does: then the process must have the file open.
    if (lock.device !== deviceName(dev) && !(await hasOpen(lock.pid, path))) continue;
    holders.set(lock.pid, { pid: lock.pid, mode: lock.mode, command: await commandOf(lock.pid) });
  }
  return [...holders.values()];
}

async function hasOpen(pid: number, path: string): Promise<boolean> {
  const files = await openFiles(pid);
  // Not ours to look into (another user's process): the inode number alone has to do, and errs on the safe side.
  if (files === undefined) return true;
  const wanted = await stat(path, { bigint: true }).catch(() => undefined);
  if (wanted === undefined) return true;
  for (const file of files) {
    // By what it is and not by its name: it may have been opened by another one, or been given another one since.
    const open = await stat(file.path, { bigint: true }).catch(() => undefined);
    if (open?.dev === wanted.dev && open.ino === wanted.ino) return true;
  }
  return false;
}

async function commandOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const command = text.replaceAll('\0', ' ').trim();
  return command === '' ? undefined : command.length > 80 ? `${command.slice(0, 77)}...` : command;
}

async function holdersFromLsof(path: string): Promise<LockHolders> {
  try {
    // -F: one field a line; p pid, c command, l lock status (r, R: read; w, W, u, x: write).
    const { stdout } = await promisify(execFile)('lsof', ['-F', 'pcl', '--', path], { timeout: 10_000 });
    return parseLsof(stdout);
  } catch (error) {
    // lsof exits with 1 and prints nothing when nobody has the file open.
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string };
    return code === 1 && stdout === '' && stderr === '' ? [] : 'unknown';
  }
}

/** Holders in the output of `lsof -F pcl`. A process that merely has the file open counts as a reader. */
export function parseLsof(text: string): LockHolder[] {
  const holders = new Map<number, LockHolder>();
  let pid = 0;
  let command: string | undefined;
  for (const line of text.split('\n')) {
    const value = line.slice(1);
    if (line.startsWith('p')) {
      pid = Number(value);
      command = undefined;
    } else if (line.startsWith('c')) {
      command = value;
    } else if (line.startsWith('l') || line.startsWith('f')) {
      const mode =
        line.startsWith('l') && /[wWuUxX]/.test(value) ? 'write' : (holders.get(pid)?.mode ?? 'read');
      holders.set(pid, { pid, command, mode });
    }
  }
  return [...holders.values()];
}
