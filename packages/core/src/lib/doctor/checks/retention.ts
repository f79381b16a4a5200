import type { BackupSummary, RetentionPolicy } from '../../api.ts';
import { planRetention, retentionCandidate } from '../../retention/index.ts';
import { ok, span, type Verdict, warn } from '../check.ts';

const DAY_MS = 86_400_000;
/** Daily backups for so long are imagined: longer than a year, so that monthly rules have their say. */
const IMAGINED_DAYS = 400;

/** What the rules keep in the long run, of a backup every day. */
export function judgeRetention(policy: RetentionPolicy, now: Date): Verdict {
  const days = Array.from({ length: IMAGINED_DAYS }, (_, ago) => ({
    name: `${ago} days ago`,
    createdAt: new Date(now.getTime() - ago * DAY_MS),
    complete: true,
  }));
  const kept = planRetention(days, policy, now).filter(({ keep }) => keep);
  if (kept.length === IMAGINED_DAYS) return ok('the rules remove nothing');
  const oldest = days.find(({ name }) => name === kept.at(-1)?.name);
  const reachMs = now.getTime() - (oldest?.createdAt.getTime() ?? now.getTime());
  if (kept.length <= 1) {
    return warn(
      'the rules keep a single backup: what is damaged today and noticed tomorrow is lost',
      'keep more in quackup.yaml: retention: { keepDays: 30, minCount: 5 }',
    );
  }
  return ok(`of a backup every day the rules keep ${kept.length}, which reach back ${span(reachMs)}`);
}

/** What the next cleanup would do to what is there. */
export function judgeNextCleanup(
  backups: readonly BackupSummary[],
  policy: RetentionPolicy,
  now: Date,
): Verdict {
  const plan = planRetention(backups.map(retentionCandidate), policy, now);
  const going = plan.filter(({ keep }) => !keep).length;
  if (going >= 2 && plan.length - going <= 1) {
    return warn(
      `the next cleanup would remove ${going} of ${plan.length} backups`,
      'look at quackup cleanup --dry-run, and at retention: in quackup.yaml',
    );
  }
  return ok(`the next cleanup removes ${going} of ${plan.length} backups`);
}
