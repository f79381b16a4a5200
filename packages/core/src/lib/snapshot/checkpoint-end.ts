import { isSameFileIdentity, isSameFileState } from './database-files.ts';
import type { DatabaseReader } from './database-reader.ts';
import { databaseState } from './files-on-disk.ts';
import type { HeadWatch } from './head-watch.ts';
import type { OpenPass } from './pass.ts';
import { pause } from './pause.ts';

/** How long a checkpoint's traces may stand still before they are judged as those of a crash. */
const STILL_MS = 500;

/**
 * Waits while the checkpoint that `pass` began under is running.
 *
 * @returns false if nothing moves any more: then a crash may have left its traces.
 */
export async function checkpointEnds(
  reader: DatabaseReader,
  watch: HeadWatch,
  { start }: OpenPass,
  signal?: AbortSignal,
): Promise<boolean> {
  let seen = start.state;
  let stillSinceMs = performance.now();
  for (;;) {
    if (await watch.look()) return true;
    const now = await databaseState(reader.path);
    if (!isSameFileIdentity(start.state.wal, now.wal)) return true;
    if (!isSameFileState(seen.database, now.database) || !isSameFileState(seen.wal, now.wal)) {
      seen = now;
      stillSinceMs = performance.now();
    }
    if (performance.now() - stillSinceMs > STILL_MS) return false;
    await pause(1, signal);
  }
}
