import type { TargetCapabilities } from '@quackup/target-api';
import type { CaseResult, ConformanceSetup } from '@quackup/target-testkit';

/** A target on a server of its own that runs until this is disposed of. */
export interface Place extends AsyncDisposable {
  readonly setup: ConformanceSetup;
}

/** A column of the table. */
export interface Column {
  readonly title: string;
  readonly start: () => Promise<Place>;
}

/** What became of a column. */
export interface ColumnResult {
  readonly title: string;
  readonly capabilities: TargetCapabilities & { readonly deleteMany: boolean };
  readonly results: readonly CaseResult[];
}
