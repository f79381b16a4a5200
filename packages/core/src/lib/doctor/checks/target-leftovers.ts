import type { FolderFacts, TargetContentFacts } from '../probes/target-facts.ts';
import { ok, size, type Verdict, warn } from '../check.ts';

export function judgeTargetLeftovers(
  { leftovers }: Pick<TargetContentFacts, 'leftovers'>,
  folder: FolderFacts | undefined,
): Verdict {
  const { count = 0, bytes = 0 } = folder?.unfinished ?? {};
  const found = [
    ...(leftovers.length > 0
      ? [
          `${leftovers.length} object${leftovers.length === 1 ? '' : 's'} of no backup (${leftovers.slice(0, 3).join(', ')}${leftovers.length > 3 ? ', ...' : ''})`,
        ]
      : []),
    ...(count > 0 ? [`${count} unfinished write${count === 1 ? '' : 's'} of ${size(bytes)}`] : []),
  ];
  if (found.length === 0) return ok('nothing unfinished lies there');
  return warn(
    `runs that were cut off have left ${found.join(' and ')}`,
    leftovers.length > 0 ? 'remove them with quackup cleanup' : 'the next backup there removes them',
  );
}
