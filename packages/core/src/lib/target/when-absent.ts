import type { PutOptions } from '@quackup/target-api';

import type { TargetClient } from './target-client.ts';

/** The condition that an object is new, where the target knows it. */
export const whenAbsent = (client: TargetClient): Pick<PutOptions, 'condition'> =>
  client.target.capabilities.putIfAbsent ? { condition: { type: 'if-absent' } } : {};
