/**
 * The files around a restore of database X, all in X's folder:
 *
 *     X, X.wal, X.wal.checkpoint, X.wal.recovery      the live set
 *     X.quackup-new, X.quackup-new.wal, ...           the new set while it is written
 *     X.quackup-guard                                 stands at X while the sets are switched
 *     X.quackup-restore.json                          the journal: who restores what here, and how far it is
 *     X.bak-20261122_020000, ....wal, ...             the old set, moved aside; DuckDB can open it under this name
 */
import { QuackupError } from '../errors.ts';
import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { z } from 'zod';

import { type FileRole, fileRole } from '../format/schema.ts';
import { holderSchema } from '../process/holder.ts';
import { filePath, FILE_ROLES } from '../snapshot/database-files.ts';

export const journalSchema = z.strictObject({
  format: z.literal(1),
  /** `writing`: the live set is untouched. `switching`: see switch-sets.ts. */
  phase: z.enum(['writing', 'switching']),
  backup: z.string(),
  holder: holderSchema,
  /** Ending of the old set's names, `.bak-<time>`. */
  suffix: z.string().regex(/^\.bak-[0-9_]+$/),
  /** Files of the live set when the switch began. */
  oldFiles: z.array(fileRole),
  /** Files of the new set. */
  newFiles: z.array(fileRole),
});

export type Journal = z.infer<typeof journalSchema>;

export class RestoreSite {
  /** Absolute path of X. */
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get folder(): string {
    return dirname(this.path);
  }

  get journal(): string {
    return `${this.path}.quackup-restore.json`;
  }

  get guard(): string {
    return `${this.path}.quackup-guard`;
  }

  live(role: FileRole): string {
    return filePath(this.path, role);
  }

  fresh(role: FileRole): string {
    return filePath(`${this.path}.quackup-new`, role);
  }

  aside(role: FileRole, suffix: string): string {
    return filePath(`${this.path}${suffix}`, role);
  }

  /** Which files of the live set are there. */
  async liveFiles(): Promise<FileRole[]> {
    const found: FileRole[] = [];
    for (const role of FILE_ROLES) if (await exists(this.live(role))) found.push(role);
    return found;
  }
}

/** Whether something of this name is there: a file, a folder, a link that leads nowhere. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return false;
    if (code !== 'ENOTDIR') throw error;
    throw new QuackupError(
      'RESTORE_FAILED',
      `${path} cannot be: a part of its path is a file; nothing was touched`,
      {
        cause: error,
        hint: 'name another folder with --restore-dir',
      },
    );
  }
}
