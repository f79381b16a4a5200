/** The four files of a database, and what the file system tells of a file. */
import { stat } from 'node:fs/promises';

import type { FileRole } from '../format/schema.ts';

export const SIDECAR_ROLES = ['wal', 'wal.checkpoint', 'wal.recovery'] as const satisfies readonly FileRole[];
export type SidecarRole = (typeof SIDECAR_ROLES)[number];

export const FILE_ROLES = ['database', ...SIDECAR_ROLES] as const satisfies readonly FileRole[];

/** The path of a database's file: `X`, `X.wal`, `X.wal.checkpoint` or `X.wal.recovery`. */
export function filePath(database: string, role: FileRole): string {
  return role === 'database' ? database : `${database}.${role}`;
}

/** What changes when a file is written or replaced, as far as the file system tells. */
export interface FileState {
  readonly device: bigint;
  readonly inode: bigint;
  readonly size: bigint;
  readonly modifiedNs: bigint;
}

/** Looks at a file by its name; undefined if there is none. Does not open it. */
export async function fileState(path: string): Promise<FileState | undefined> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
    return { device: dev, inode: ino, size, modifiedNs: mtimeNs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** State of all four files. */
export type DatabaseState = Readonly<Record<FileRole, FileState | undefined>>;

/** Whether a file is the same file with the same content, as far as the file system tells. */
export function isSameFileState(a: FileState | undefined, b: FileState | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.device === b.device && a.inode === b.inode && a.size === b.size && a.modifiedNs === b.modifiedNs;
}

/** Whether it is the same file, whatever is in it by now. */
export function isSameFileIdentity(a: FileState | undefined, b: FileState | undefined): boolean {
  return a?.device === b?.device && a?.inode === b?.inode;
}

export function isSameDatabaseState(a: DatabaseState, b: DatabaseState): boolean {
  return FILE_ROLES.every((role) => isSameFileState(a[role], b[role]));
}
