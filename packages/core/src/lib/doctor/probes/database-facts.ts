/** What can be seen of a database from outside. Nothing is opened with DuckDB, no lock is taken, nothing is written. */
import { createReadStream } from 'node:fs';
import { lstat, readdir, realpath, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { type DatabaseHead, HEAD_SIZE, WalScanner, type WalSummary } from '@quackup/duckdb-file';

import type { DatabaseSource, FailureReport } from '../../api.ts';
import { QuackupError } from '../../errors.ts';
import { failureReport } from '../../failure-report.ts';
import { openFiles } from '../../process/open-files.ts';
import { readJournal } from '../../restore/journal.ts';
import { type Journal, RestoreSite } from '../../restore/restore-site.ts';
import { filePath, fileState, SIDECAR_ROLES, type SidecarRole } from '../../snapshot/database-files.ts';
import { type Blocks, DatabaseReader } from '../../snapshot/database-reader.ts';
import { filesOnDisk } from '../../snapshot/files-on-disk.ts';
import { sharedFileSystem } from '../../snapshot/file-system.ts';
import { findLockHolders, type LockHolders } from '../../snapshot/lock-holders.ts';
import { namesByLinks } from '../../snapshot/names-by-links.ts';
import { pause } from '../../snapshot/pause.ts';
import { isUnreadable, sameHead } from '../../snapshot/rules.ts';
import { type DatabaseNames, probeNames } from './database-names.ts';

/** How often a database that is being written is looked at until head and WAL were seen together. */
const LOOKS = 20;
const LOOK_PAUSE_MS = 25;

export interface DatabaseFacts {
  readonly name: string;
  readonly path: string;
  /** The head and what it says, or why there is none. */
  readonly file: DatabaseFileFacts | { readonly error: FailureReport };
  readonly names: DatabaseNames;
  /** The sidecars that are there. None if they are in doubt. */
  readonly sidecars: ReadonlyMap<SidecarRole, { readonly path: string; readonly modifiedMs: number }>;
  /** Where the WAL is, or would be. */
  readonly walPath: string;
  readonly holders: LockHolders;
  /** The process that has a WAL open which somebody has removed. */
  readonly walRemovedUnder: number | undefined;
  readonly sharedFileSystem: string | undefined;
  readonly disk: { readonly freeBytes: number } | undefined;
  readonly restore: RestoreFacts;
}

export interface DatabaseFileFacts {
  readonly head: DatabaseHead;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly usedBytes: number;
  /** Length that the file must have for the blocks in use. */
  readonly neededBytes: number;
  /** Or why it could not be read. */
  readonly wal: WalSummary | { readonly error: string };
}

export interface RestoreFacts {
  readonly journal: Journal | 'unreadable' | 'running' | undefined;
  /** Names of a restore's own files. */
  readonly leftovers: readonly string[];
  /** Files that restores have moved aside. */
  readonly kept: { readonly count: number; readonly bytes: number };
}

export async function probeDatabase({ name, path }: DatabaseSource): Promise<DatabaseFacts> {
  const files = await filesOnDisk(path).catch(() => undefined);
  const sidecars = new Map<SidecarRole, { path: string; modifiedMs: number }>();
  for (const role of SIDECAR_ROLES) {
    const state = files?.state[role];
    if (files === undefined || state === undefined) continue;
    sidecars.set(role, { path: files.paths[role], modifiedMs: Number(state.modifiedNs / 1_000_000n) });
  }
  const walPath = files?.paths.wal ?? filePath(path, 'wal');
  const exists = (await fileState(path).catch(() => undefined)) !== undefined;
  const holders = exists ? await findLockHolders(path) : [];
  return {
    name,
    path,
    file: await probeFile(path, walPath),
    names: await probeNames(path),
    sidecars,
    walPath,
    holders,
    walRemovedUnder: await findRemovedWal(path, holders),
    sharedFileSystem: exists ? await sharedFileSystem(path) : undefined,
    disk: await probeDisk(dirname(path)),
    restore: await probeRestore(path),
  };
}

async function probeFile(path: string, walPath: string): Promise<DatabaseFacts['file']> {
  try {
    await using reader = await DatabaseReader.open(path);
    for (let look = 1; ; look += 1) {
      const { head, blocks } = await reader.readHeadAndBlocks();
      const wal = await readWal(walPath);
      const moved = !sameHead(head, await reader.readHead());
      // A writer cuts off and writes again: what looks broken may only be new.
      if ((moved || 'error' in wal || isUnreadable(wal)) && look < LOOKS) {
        await pause(LOOK_PAUSE_MS);
        continue;
      }
      const neededBytes = HEAD_SIZE + (lastUsed(blocks) + 1) * blocks.blockSize;
      const usedBytes = HEAD_SIZE + (blocks.use?.usedCount ?? blocks.count) * blocks.blockSize;
      const modifiedMs = (await reader.attributes()).modifiedAt.getTime();
      return { head, sizeBytes: await reader.size(), modifiedMs, usedBytes, neededBytes, wal };
    }
  } catch (error) {
    if (error instanceof QuackupError) return { error: failureReport(error) };
    throw error;
  }
}

/** -1 if none is. Of a file whose blocks cannot be told, none: its length says nothing. */
function lastUsed(blocks: Blocks): number {
  if (blocks.use === undefined) return -1;
  for (let id = blocks.count - 1; id >= 0; id -= 1) if (blocks.isUsed(id)) return id;
  return -1;
}

async function readWal(path: string): Promise<WalSummary | { error: string }> {
  const scanner = new WalScanner();
  try {
    for await (const bytes of createReadStream(path)) scanner.push(bytes as Buffer);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') return { error: message };
  }
  return scanner.summary();
}

/** DuckDB goes on writing to a WAL that was deleted; all of it is gone when the process ends. Linux tells. */
async function findRemovedWal(path: string, holders: LockHolders): Promise<number | undefined> {
  if (holders === 'unknown') return undefined;
  const wals = new Set<string>();
  for (const name of await namesByLinks(path)) {
    const folder = await realpath(dirname(name)).catch(() => dirname(name));
    wals.add(`${filePath(join(folder, basename(name)), 'wal')} (deleted)`);
  }
  for (const { pid } of holders) {
    const files = (await openFiles(pid)) ?? [];
    // After a checkpoint the removed WAL may still be open for a moment; then there is a new one, or none is needed.
    if (files.some(({ name }) => wals.has(name)) && !(await hasWal(path))) return pid;
  }
  return undefined;
}

/** Also if it is in doubt which one it is. */
async function hasWal(path: string): Promise<boolean> {
  return filesOnDisk(path).then(
    ({ state }) => state.wal !== undefined,
    () => true,
  );
}

export async function probeDisk(folder: string): Promise<{ readonly freeBytes: number } | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return { freeBytes: bavail * bsize };
  } catch {
    return undefined;
  }
}

async function probeRestore(path: string): Promise<RestoreFacts> {
  const site = new RestoreSite(path);
  const names = await readdir(site.folder).catch(() => [] as string[]);
  const own = basename(path);
  const leftovers = names.filter(
    (name) => name.startsWith(`${own}.quackup-new`) || name === `${own}.quackup-guard`,
  );
  let bytes = 0;
  const kept = names.filter((name) => name.startsWith(`${own}.bak-`));
  for (const name of kept) bytes += (await lstat(join(site.folder, name)).catch(() => undefined))?.size ?? 0;
  return { journal: await journalAt(site), leftovers, kept: { count: kept.length, bytes } };
}

async function journalAt(site: RestoreSite): Promise<RestoreFacts['journal']> {
  try {
    return await readJournal(site);
  } catch (error) {
    return error instanceof QuackupError && error.code === 'RESTORE_PENDING' ? 'running' : undefined;
  }
}
