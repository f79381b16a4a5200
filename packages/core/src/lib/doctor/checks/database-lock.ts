import type { DatabaseFacts } from '../probes/database-facts.ts';
import { describeHolders } from '../../snapshot/lock-holders.ts';
import { ok, type Verdict, warn } from '../check.ts';

export function judgeDatabaseLock({
  holders,
  sharedFileSystem,
}: Pick<DatabaseFacts, 'holders' | 'sharedFileSystem'>): Verdict {
  if (sharedFileSystem !== undefined) {
    return warn(
      `it lies on ${sharedFileSystem}: who has it open on another machine cannot be seen from here`,
      'run Quackup on the machine that writes it',
    );
  }
  if (holders === 'unknown') return ok('this system does not tell who has it open');
  if (holders.length === 0) return ok('nobody has it open');
  const writing = holders.some(({ mode }) => mode === 'write');
  return ok(`open in ${describeHolders(holders)}${writing ? ', which may write' : ', only to read'}`);
}
