import type { RetentionPolicy } from '../api.ts';

/** What applies when the configuration says nothing: a month of backups, and never fewer than five complete ones. */
export const DEFAULT_POLICY: RetentionPolicy = Object.freeze({ keepDays: 30, minCount: 5 });
