import type { RetentionCandidate, RetentionPlan } from '../../src/lib/retention/index.ts';

/** A good backup that began at `iso`; its name is that text. */
export function backupAt(iso: string, rest: Partial<RetentionCandidate> = {}): RetentionCandidate {
  return { name: iso, createdAt: new Date(iso), complete: true, ...rest };
}

export function keptNames(plan: RetentionPlan): string[] {
  return plan.filter((decision) => decision.keep).map((decision) => decision.name);
}

export function removedNames(plan: RetentionPlan): string[] {
  return plan.filter((decision) => !decision.keep).map((decision) => decision.name);
}
