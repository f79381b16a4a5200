import type { FolderFacts, TargetContentFacts } from '../probes/target-facts.ts';
import { ok, size, type Verdict, warn } from '../check.ts';

/** @param oldUploads Where a target has uploads of several parts: those that are too old to be going on. */
export function judgeTargetLeftovers(
  { leftovers }: Pick<TargetContentFacts, 'leftovers'>,
  folder: FolderFacts | undefined,
  oldUploads = 0,
): Verdict {
  const { count = 0, bytes = 0 } = folder?.unfinished ?? {};
  const found = [
    ...(leftovers.length > 0
      ? [
          `${leftovers.length} object${leftovers.length === 1 ? '' : 's'} of no backup (${leftovers.slice(0, 3).join(', ')}${leftovers.length > 3 ? ', ...' : ''})`,
        ]
      : []),
    ...(count > 0 ? [`${count} unfinished write${count === 1 ? '' : 's'} of ${size(bytes)}`] : []),
    ...(oldUploads > 0
      ? [`${oldUploads} unfinished upload${oldUploads === 1 ? '' : 's'} of more than a day ago`]
      : []),
  ];
  if (found.length === 0) return ok('nothing unfinished of more than a day ago lies there');
  return warn(
    `runs that were cut off have left ${found.join(' and ')}`,
    leftovers.length > 0
      ? 'remove them with quackup cleanup'
      : count > 0
        ? 'the next backup there removes them'
        : 'let a lifecycle rule of the bucket remove unfinished uploads; they are paid for',
  );
}
