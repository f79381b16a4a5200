/**
 * Where those who have a database open keep its WAL. It lies beside the name by which DuckDB opened the file, and a file may
 * have more names than the one that we know: links that lead to it, hard links, a mount of the file by itself.
 * Linux tells which files a process has open, by their names; on other systems, and of other users' processes, nothing is known.
 */
import { lstat, open, readlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

import { scanWal } from '@quackup/duckdb-file';

import { QuackupError } from '../errors.ts';
import { openFiles } from '../process/open-files.ts';
import { filePath, type FileState, fileState, isSameFileIdentity, SIDECAR_ROLES } from './database-files.ts';
import { describeHolders, findLockHolders, type LockHolder } from './lock-holders.ts';
import { namesByLinks } from './names-by-links.ts';
import { readFully } from './read-fully.ts';

const SIDECAR = /^(.+)\.wal(?:\.checkpoint|\.recovery)?$/s;
const DELETED = / \(deleted\)$/;
/** More than the head of any WAL. */
const WAL_HEAD_BYTES = 512;

/** A name by which a process has opened a database, as the process sees it. */
interface NameInUse {
  readonly name: string;
  /** A sidecar that lies beside it. */
  readonly sidecar: string | undefined;
  /** There is no file of that name any more. */
  readonly isGone: boolean;
}

/**
 * @returns whether a process has the database open by a name beside which we look for the WAL: then it is by no other.
 * @throws WAL_IN_DOUBT if a process has a WAL of it beside another name: a copy would lack the commits in it.
 */
export async function checkHeldWal(path: string): Promise<boolean> {
  const database = await stateIfSeen(path);
  if (database === undefined) return false;
  const holders = await findLockHolders(path);
  if (holders === 'unknown' || holders.length === 0) return false;
  const expected = new Set(await Promise.all((await namesByLinks(path)).map((name) => placeOf(name))));
  let isHere = false;
  for (const holder of holders) {
    const root = `/proc/${holder.pid}/root`;
    const elsewhere: NameInUse[] = [];
    let isWalHere = false;
    for (const inUse of await namesInUse(holder.pid, root, database)) {
      if (!expected.has(await placeOf(`${root}${inUse.name}`))) elsewhere.push(inUse);
      else if (inUse.sidecar === undefined) isHere = true;
      else isHere = isWalHere = true;
    }
    // A WAL whose database is gone may be of another one, unless that of this one is missing.
    const found = elsewhere.find(({ sidecar, isGone }) => sidecar !== undefined && !(isGone && isWalHere));
    if (found !== undefined) throw await inDoubt(path, holder, found);
  }
  return isHere;
}

/** A folder and a name in it, however the folder is reached. */
async function placeOf(path: string): Promise<string> {
  const folder = await stateIfSeen(dirname(path));
  return `${folder?.device}:${folder?.inode}/${basename(path)}`;
}

async function namesInUse(pid: number, root: string, database: FileState): Promise<readonly NameInUse[]> {
  const isDatabase = (state: FileState | undefined): boolean =>
    state !== undefined && isSameFileIdentity(state, database);
  const files = (await openFiles(pid)) ?? [];
  const names = files.map(async (file): Promise<NameInUse | undefined> => {
    const [, owner] = SIDECAR.exec(file.name) ?? [];
    if (owner !== undefined) {
      const isGone = await isMissing(`${root}${owner}`);
      const isOurs = isGone ? await isWal(file.path) : isDatabase(await stateIfSeen(`${root}${owner}`));
      return isOurs ? { name: owner, sidecar: file.name, isGone } : undefined;
    }
    if (!isDatabase(await stateIfSeen(file.path))) return undefined;
    const name = file.name.replace(DELETED, '');
    return { name, sidecar: await sidecarOf(root, name), isGone: false };
  });
  return (await Promise.all(names)).filter((each) => each !== undefined);
}

async function sidecarOf(root: string, name: string): Promise<string | undefined> {
  for (const role of SIDECAR_ROLES) {
    const path = filePath(name, role);
    if ((await stateIfSeen(`${root}${path}`)) !== undefined) return path;
  }
  return undefined;
}

/** Of what may not be looked at nothing is known, as of what is not there. */
async function stateIfSeen(path: string): Promise<FileState | undefined> {
  return fileState(path).catch(() => undefined);
}

async function isMissing(path: string): Promise<boolean> {
  return lstat(path).then(
    () => false,
    (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT',
  );
}

/** Whether it is a WAL of DuckDB: other programs have files of that ending as well. */
async function isWal(path: string): Promise<boolean> {
  try {
    await using file = await open(path, 'r');
    const bytes = Buffer.alloc(WAL_HEAD_BYTES);
    const length = await readFully(file, bytes, bytes.length, 0);
    return scanWal(bytes.subarray(0, length)).version !== undefined;
  } catch {
    return false;
  }
}

async function inDoubt(
  path: string,
  holder: LockHolder,
  { name, sidecar, isGone }: NameInUse,
): Promise<QuackupError> {
  return new QuackupError(
    'WAL_IN_DOUBT',
    `${path} is open in ${describeHolders([holder])} by another name: its WAL is ${sidecar}, and a copy without that would lack commits`,
    {
      hint: (await isElsewhere(holder.pid))
        ? 'run the backup where that process runs, or mount the folder of the database there instead of the file'
        : isGone
          ? 'close that process: the database was renamed while it was open'
          : `name the database in the configuration as that process does: ${name}`,
    },
  );
}

/** Whether a process sees other file systems than we do, as in a container. */
async function isElsewhere(pid: number): Promise<boolean> {
  return (await mountsOf(pid)) !== (await mountsOf('self'));
}

async function mountsOf(pid: number | 'self'): Promise<string | undefined> {
  return readlink(`/proc/${pid}/ns/mnt`).catch(() => undefined);
}
