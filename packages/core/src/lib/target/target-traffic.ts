import type { StorageTarget } from '@quackup/target-api';

import type { TargetLimits } from '../api.ts';
import type { Pace } from './pace.ts';
import { RetryBudget } from './retry-budget.ts';
import { UploadPace } from './upload-pace.ts';

/** What all clients of one open target share. */
export interface TargetTraffic {
  readonly budget: RetryBudget;
  /** Absent: as fast as it goes. */
  readonly uploads: UploadPace | undefined;
}

const TRAFFIC = new WeakMap<StorageTarget, TargetTraffic>();

/** The traffic of a target; made by the first client of it, with that client's limits. */
export function trafficOf(
  target: StorageTarget,
  limits: Required<Pick<TargetLimits, 'retryBudget'>> & Pick<TargetLimits, 'maxUploadRate'>,
  pace: Pace,
): TargetTraffic {
  const known = TRAFFIC.get(target);
  if (known !== undefined) return known;
  const { retryBudget, maxUploadRate } = limits;
  const uploads = maxUploadRate === undefined ? undefined : new UploadPace(maxUploadRate, pace);
  const traffic = { budget: new RetryBudget(retryBudget), uploads };
  TRAFFIC.set(target, traffic);
  return traffic;
}
