import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { writeAtomically } from '../state/write-atomically.ts';
import { parseHistory } from './parse-history.ts';
import { NO_HISTORY, type RunHistory } from './run-history.ts';

const NAME = 'history.json';

/**
 * The history in a state folder; an empty one if there is none.
 *
 * @throws Error if there is one and it cannot be read.
 */
export async function readHistory(stateFolder: string): Promise<RunHistory> {
  try {
    return parseHistory(await readFile(join(stateFolder, NAME), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return NO_HISTORY;
    throw error;
  }
}

export async function writeHistory(stateFolder: string, history: RunHistory): Promise<void> {
  await writeAtomically(join(stateFolder, NAME), `${JSON.stringify(history, null, 2)}\n`);
}
