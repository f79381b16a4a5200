import type { BackupSummary } from '../api.ts';
import type { RetentionCandidate } from './plan-retention.ts';

/** Whether a backup is whole by all that is known, and no database failed in its run. */
export const isComplete = ({
  damaged,
  suspect,
  failedCount,
}: Pick<BackupSummary, 'damaged' | 'suspect' | 'failedCount'>): boolean =>
  damaged === undefined && suspect === undefined && failedCount === 0;

/** What retention has to know of a backup that was listed. */
export function retentionCandidate(summary: BackupSummary): RetentionCandidate {
  const candidate = {
    name: summary.name,
    createdAt: new Date(summary.createdAt),
    complete: summary.damaged === undefined && summary.failedCount === 0,
  };
  return {
    ...candidate,
    ...(summary.verified !== null && { verifiedAt: new Date(summary.verified.at) }),
    ...(summary.damaged !== undefined && { damaged: true }),
    ...(summary.suspect !== undefined && { suspect: true }),
    databases: summary.databases,
  };
}
