import type { DatabaseFacts } from '../probes/database-facts.ts';
import { failed, ok, size, type Verdict } from '../check.ts';

export function judgeDatabaseFile({ file, path }: Pick<DatabaseFacts, 'file' | 'path'>): Verdict {
  if ('error' in file) return failed(file.error.message, file.error.hint ?? 'check the path');
  const { sizeBytes, usedBytes, neededBytes } = file;
  if (sizeBytes < neededBytes) {
    return failed(
      `${path} has ${sizeBytes} bytes, but its blocks in use reach to ${neededBytes}: it was cut off`,
      'restore it from the last good backup: quackup list, then quackup restore',
    );
  }
  return ok(`${path}: ${size(sizeBytes)}, ${size(usedBytes)} in use`);
}
