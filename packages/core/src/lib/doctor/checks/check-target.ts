import type { RetentionPolicy } from '../../api.ts';
import { check, type CheckName, type DoctorCheck, failed, ok, type Verdict } from '../check.ts';
import type { TargetFacts } from '../probes/target-facts.ts';
import { judgeBackupAge, judgeBackupContent, judgeBackupDamage, judgeBackupVerified } from './backups.ts';
import { judgeNextCleanup } from './retention.ts';
import { judgeTargetPermissions, judgeTargetReachable } from './target-access.ts';
import { judgeTargetClock } from './target-clock.ts';
import { judgeTargetLeases } from './target-leases.ts';
import { judgeTargetLeftovers } from './target-leftovers.ts';
import { judgeTargetSpace } from './target-space.ts';

export interface TargetExpectations {
  readonly now: Date;
  readonly maxAgeMs: number;
  readonly scanEveryMs: number;
  readonly retention: RetentionPolicy;
  /** Names of the databases that are backed up. */
  readonly databases: readonly string[];
  /** Bytes of their blocks in use. */
  readonly usedBytes: number;
  /** Whether backups are written to it. */
  readonly inUse: boolean;
}

/** All checks of one target. What cannot be known of one that does not answer is left out. */
export function checkTargetFacts(facts: TargetFacts, expected: TargetExpectations): DoctorCheck[] {
  const { name, clockAheadMs, content, folder } = facts;
  const checks: DoctorCheck[] = [];
  const add = (what: CheckName, verdict: Verdict | undefined): void => {
    if (verdict !== undefined) checks.push(check(what, name, verdict));
  };
  add('target-reachable', judgeTargetReachable(facts));
  add('target-permissions', judgeTargetPermissions(facts));
  if (clockAheadMs !== undefined) add('target-clock', judgeTargetClock(clockAheadMs));
  if (content === undefined) {
    add('backup-age', ok('this machine may only write there; one that may read has to look'));
    return checks;
  }
  if ('error' in content) {
    // A target that could not even be opened has been told of.
    if (facts.probe !== undefined && !('error' in facts.probe))
      add(
        'backup-age',
        failed(
          `its backups cannot be listed: ${content.error.message}`,
          content.error.hint ?? 'quackup list',
        ),
      );
    return checks;
  }
  const { backups } = content;
  if (folder !== undefined) add('target-space', judgeTargetSpace(folder, nextFullBytes(facts, expected)));
  add('target-leftovers', judgeTargetLeftovers(content, folder, oldUploads(facts)));
  add('target-leases', judgeTargetLeases(content, facts.access));
  if (expected.inUse) {
    add('backup-age', judgeBackupAge(backups, expected));
    add('backup-content', judgeBackupContent(backups, expected.databases));
    add('backup-verified', judgeBackupVerified(backups, expected));
    add('backup-retention', judgeNextCleanup(backups, expected.retention, expected.now));
  }
  add('backup-damage', judgeBackupDamage(backups));
  return checks;
}

/** Of a folder its own probe tells, with their bytes. */
function oldUploads({ probe, folder }: TargetFacts): number {
  if (folder !== undefined || probe === undefined || 'error' in probe) return 0;
  return probe.unfinishedUploads?.old.length ?? 0;
}

/** By how far the last full backup could be compressed; all of it where there is none. */
function nextFullBytes({ content }: TargetFacts, { usedBytes }: TargetExpectations): number {
  if (content === undefined || 'error' in content) return usedBytes;
  const full = content.backups.find(
    ({ kind, origin, damaged, sizeBytes }) =>
      kind === 'full' && origin === 'quackup' && damaged === undefined && sizeBytes > 0,
  );
  return full === undefined
    ? usedBytes
    : Math.ceil(usedBytes * Math.min(1, full.storedBytes / full.sizeBytes));
}
