import type { BackupSummary } from '../api.ts';
import type { RetentionCandidate } from './plan-retention.ts';

/** Whether a backup is whole, and no database failed in its run. */
export const isComplete = ({
  damaged,
  failedCount,
}: Pick<BackupSummary, 'damaged' | 'failedCount'>): boolean => damaged === undefined && failedCount === 0;

/** What retention has to know of a backup that was listed. */
export function retentionCandidate(summary: BackupSummary): RetentionCandidate {
  const candidate = {
    name: summary.name,
    createdAt: new Date(summary.createdAt),
    complete: isComplete(summary),
  };
  return {
    ...candidate,
    ...(summary.verified !== null && { verifiedAt: new Date(summary.verified.at) }),
    ...(summary.damaged !== undefined && { damaged: true }),
    ...(summary.suspect !== undefined && { suspect: true }),
    databases: summary.databases,
  };
}
