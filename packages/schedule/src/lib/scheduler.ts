import type { CheckedJob, Scope } from './job.ts';
import type { Machine } from './machine.ts';

/** One way of running a job at its times. */
export interface Scheduler {
  readonly platform: 'posix' | 'win32';
  /** What would be installed, for people to read. Touches nothing. */
  readonly plan: (job: CheckedJob, machine: Machine) => string;
  /** What is installed, in the same form; `undefined` if nothing is. */
  readonly find: (name: string, scope: Scope, machine: Machine) => Promise<string | undefined>;
  /** Puts it in place of what is there. Returns what somebody should know or do besides. */
  readonly install: (job: CheckedJob, machine: Machine) => Promise<readonly string[]>;
  /** Removes it, and nothing else. Returns whether there was anything. */
  readonly remove: (name: string, scope: Scope, machine: Machine) => Promise<boolean>;
}
