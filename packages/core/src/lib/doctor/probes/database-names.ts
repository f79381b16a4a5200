/** By which names a database can be opened, and what is known of the ones that are used: its WAL lies beside them. */
import { stat } from 'node:fs/promises';

import type { FailureReport } from '../../api.ts';
import { QuackupError } from '../../errors.ts';
import { failureReport } from '../../failure-report.ts';
import { filesOnDisk } from '../../snapshot/files-on-disk.ts';
import { checkHeldWal } from '../../snapshot/held-wal.ts';
import { namesByLinks } from '../../snapshot/names-by-links.ts';

export interface DatabaseNames {
  /** The file that the path leads to, if it is a link. */
  readonly linkTo: string | undefined;
  readonly hardLinks: number;
  /** A process has it open by a name beside which the WAL is looked for. */
  readonly isWalHere: boolean;
  /** Why a backup would refuse it. */
  readonly doubt: FailureReport | undefined;
}

export async function probeNames(path: string): Promise<DatabaseNames> {
  const linkTo = (await namesByLinks(path)).slice(1).at(-1);
  const hardLinks = (await stat(path).catch(() => undefined))?.nlink ?? 0;
  try {
    await filesOnDisk(path);
    return { linkTo, hardLinks, isWalHere: await checkHeldWal(path), doubt: undefined };
  } catch (error) {
    const doubt = error instanceof QuackupError ? failureReport(error) : undefined;
    return { linkTo, hardLinks, isWalHere: false, doubt };
  }
}
