import type { TargetAccess } from '../../api.ts';
import type { TargetContentFacts } from '../probes/target-facts.ts';
import { ok, type Verdict, warn } from '../check.ts';

export function judgeTargetLeases(
  { leases }: Pick<TargetContentFacts, 'leases'>,
  access: TargetAccess = 'full',
): Verdict {
  const stale = leases.filter(({ live }) => !live);
  if (stale.length > 0 && access !== 'full')
    return ok(`${stale.length} left by runs that are over; one that may delete removes them`);
  if (stale.length > 0) {
    return warn(
      `left by runs that are over: ${stale.map(({ key }) => key).join(', ')}`,
      'nothing waits for them; the next backup or cleanup there removes what was a lease, the rest can be deleted',
    );
  }
  const running = leases.flatMap(({ content }) =>
    content === undefined
      ? []
      : [
          `a ${content.kind} since ${content.acquiredAt} (process ${content.pid} on ${content.place.split(' ')[0]})`,
        ],
  );
  return ok(running.length === 0 ? 'nobody works there now' : `running now: ${running.join(', ')}`);
}
