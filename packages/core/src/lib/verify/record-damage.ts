/** Leaves word beside a backup of what its verification found, or takes it back. */
import { isTargetError } from '@quackup/target-api';

import type { Clock, VerifyLevel, VerifyProblem } from '../api.ts';
import { damagedKey } from '../format/backup-name.ts';
import {
  damageIn,
  MAX_DAMAGE_RECORD_BYTES,
  parseDamageRecord,
  VERIFY_LEVELS,
  writeDamageRecord,
} from '../format/damage-record.ts';
import type { TargetClient } from '../target/target-client.ts';

export interface Finding {
  readonly level: VerifyLevel;
  readonly problems: readonly VerifyProblem[];
  readonly isEncrypted: boolean;
  readonly clock: Clock;
  /** Takes what could not be written down: that is no problem of the backup. */
  readonly note: (text: string) => void;
}

/** Writes down the damage that was found, or, if there was none, removes what an earlier verification of no higher level wrote. */
export async function recordDamage(client: TargetClient, backup: string, finding: Finding): Promise<void> {
  const { level, problems, isEncrypted, clock, note } = finding;
  const damage = damageIn(problems);
  const key = damagedKey(backup);
  try {
    if (damage.length > 0) {
      const text = writeDamageRecord(backup, { at: clock.now(), level, damage, isSecret: isEncrypted });
      // Who may only add leaves the first record, which says no less.
      if (client.access === 'full' || (await client.stat(key)) === undefined) await client.putText(key, text);
    } else if (problems.length === 0) {
      const text = await client.readText(key, MAX_DAMAGE_RECORD_BYTES);
      if (text === undefined || isHigher(parseDamageRecord(backup, text).level, level)) return;
      if (client.access === 'full') await client.delete(key);
      else note(`${key} says that it is damaged, which it is not any more, and nothing may be removed there`);
    }
  } catch (error) {
    if (!isTargetError(error)) throw error;
    const what = damage.length > 0 ? 'what was found' : 'that it is not damaged any more';
    note(`${what} could not be recorded: ${error.message}`);
  }
}

const isHigher = (level: VerifyLevel, than: VerifyLevel): boolean =>
  VERIFY_LEVELS.indexOf(level) > VERIFY_LEVELS.indexOf(than);
