import { SKEW_MS } from '../../lease/lease-content.ts';
import { failed, ok, span, type Verdict, warn } from '../check.ts';

/** Object times are whole seconds on many targets, and a probe takes its time. */
const TOLERANCE_MS = 30_000;

/** @param aheadMs How far the target's clock is ahead of ours. */
export function judgeTargetClock(aheadMs: number): Verdict {
  const apartMs = Math.abs(aheadMs);
  if (apartMs <= TOLERANCE_MS) return ok('its clock agrees with the one here');
  const message = `its clock is ${span(apartMs)} ${aheadMs > 0 ? 'ahead of' : 'behind'} the one here`;
  const hint = 'let this machine take its time from the network (chrony, systemd-timesyncd), then look again';
  if (apartMs < SKEW_MS) return warn(message, hint);
  return failed(
    `${message}: names and ages of backups are wrong, and a cleanup elsewhere may take a run here for dead`,
    hint,
  );
}
