import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { pattern } from '../bodies.ts';
import { check } from '../check.ts';
import type { ConformanceCase } from '../conformance-case.ts';

const MIB = 1024 * 1024;
const BODY_MIB = 192;
// Room for several parts in flight; a target that keeps the body passes it long before the end.
const LIMIT_MIB = 96;

/** What a put may keep in memory. */
export const memoryCases: readonly ConformanceCase[] = [
  {
    id: 'put.bounded-memory',
    sentence: 'put: memory is bounded, whatever the object’s size',
    requires: 'large',
    safe: true,
    slow: 12,
    run: async ({ target, key }) => {
      const collect = garbageCollector();
      const chunk = pattern(MIB, 1);
      collect();
      const before = process.memoryUsage().arrayBuffers;
      let peak = 0;
      const body = async function* (): AsyncGenerator<Uint8Array> {
        for (let sent = 0; sent < BODY_MIB; sent += 1) {
          if (sent % 16 === 0) {
            collect();
            peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
          }
          yield chunk;
        }
      };
      await target.put(key('a'), body());
      const peakMib = Math.round(peak / MIB);
      check(
        peakMib <= LIMIT_MIB,
        `expected at most ${LIMIT_MIB} MiB in memory, got ${peakMib} of ${BODY_MIB} MiB`,
      );
    },
  },
];

// Only what is still there after a collection counts: garbage is no leak. The flag reaches contexts made after it.
function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  // What the flag promises.
  return runInNewContext('gc') as () => void;
}
