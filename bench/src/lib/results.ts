import type { BenchDatabase } from '@quackup/fixtures';

import type { ToolRuns } from './copy-rounds.ts';
import type { Machine } from './machine.ts';
import type { StartUp } from './start-up.ts';

/** Everything that a benchmark found out; `--json` writes it as it is. */
export interface BenchResults {
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly machine: Machine;
  /** Whether Quackup ran as it is published, and if not, why. */
  readonly quackup: { readonly kind: 'built' | 'sources'; readonly reason?: string };
  /** By the tool's title. */
  readonly versions: Readonly<Record<string, string>>;
  readonly missing: readonly { readonly title: string; readonly reason: string }[];
  readonly database?: BenchDatabase;
  readonly rounds: number;
  readonly shown: { readonly backup: boolean; readonly restore: boolean };
  readonly tools: readonly ToolRuns[];
  readonly startUp: readonly StartUp[];
}
