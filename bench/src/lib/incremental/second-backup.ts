/** How each tool makes a further backup into the same destination. */
import { basename, dirname } from 'node:path';

import type { Place, Step, Tool } from '../tools.ts';

/** Tools that know what they have stored before. */
export const INCREMENTAL_TOOLS: ReadonlySet<string> = new Set([
  'quackup',
  'quackup-age',
  'restic',
  'borg',
  'borg-repokey',
]);

export function nextBackup(tool: Tool, place: Place): Step {
  if (tool.id !== 'borg' && tool.id !== 'borg-repokey') return tool.backup(place);
  // Each archive of borg needs a name of its own.
  const { database, store } = place;
  return {
    cwd: dirname(database),
    stages: [
      ['borg', 'create', '--compression', 'zstd,3', `${store}::{now:%Y%m%dT%H%M%S.%f}`, basename(database)],
    ],
  };
}
