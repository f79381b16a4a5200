import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The path itself if there is something, else the nearest one above it: where it would be made. */
export async function nearestFolder(path: string): Promise<string> {
  for (let place = path; ; place = dirname(place)) {
    if ((await stat(place).catch(() => undefined)) !== undefined || dirname(place) === place) return place;
  }
}
