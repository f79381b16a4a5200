/** Whatever goes wrong and however often it is tried again, nothing is stored twice or by half. */
import { type ObjectKey, objectKey, type PutCondition } from '@quackup/target-api';
import { type Fault, FaultyTarget, MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { TargetClient } from '../../src/lib/target/target-client.ts';
import { QUICK } from '../backup/small-place.ts';

/** Counts what is really written. */
class CountingStore extends MemoryStore {
  writes = 0;

  override put(key: ObjectKey, bytes: Uint8Array): ReturnType<MemoryStore['put']> {
    this.writes += 1;
    return super.put(key, bytes);
  }
}

const fault = fc.record({
  kind: fc.constantFrom('fail', 'fail-after', 'cut', 'hang', 'stall' as const),
  call: fc.integer({ min: 1, max: 8 }),
  times: fc.integer({ min: 1, max: 3 }),
});
const step = fc.record({
  how: fc.constantFrom('text', 'stream' as const),
  when: fc.constantFrom('always', 'if-absent', 'if-match' as const),
  key: fc.constantFrom('a', 'b'),
  pieces: fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 4 }),
});

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** A content that no other step has, in so many pieces. */
function contentOf({ pieces }: Step, index: number): string[] {
  return [`${index}:`, ...pieces.map((length) => 'x'.repeat(length))];
}

function conditionOf(store: MemoryStore, { key, when }: Step): PutCondition | undefined {
  if (when === 'if-absent') return { type: 'if-absent' };
  const etag = store.info(objectKey(key))?.etag;
  return when === 'if-match' && etag !== undefined ? { type: 'if-match', etag } : undefined;
}

async function put(client: TargetClient, each: Step, pieces: string[], condition?: PutCondition) {
  const key = objectKey(each.key);
  const options = condition === undefined ? {} : { condition };
  if (each.how === 'text') return client.putText(key, pieces.join(''), options);
  const body = (async function* () {
    for (const piece of pieces) yield Buffer.from(piece);
  })();
  return client.put(key, body, options);
}

const textOf = (store: MemoryStore, key: string): string | undefined => {
  const bytes = store.bytes(objectKey(key));
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
};

test('a put that succeeds has stored its bytes once; one that fails has stored them once or not at all', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fault, { maxLength: 6 }),
      fc.array(step, { minLength: 1, maxLength: 5 }),
      async (plan: readonly Fault[], steps) => {
        const store = new CountingStore();
        const target = new FaultyTarget(new MemoryTarget({ store }), plan);
        const client = new TargetClient({ name: 'a', target, limits: { ...QUICK, stallMs: 2 } });
        for (const [index, each] of steps.entries()) {
          const before = textOf(store, each.key);
          const pieces = contentOf(each, index);
          store.writes = 0;
          const condition = conditionOf(store, each);
          const done = await put(client, each, pieces, condition).then(
            () => true,
            () => false,
          );
          const after = textOf(store, each.key);
          expect(store.writes).toBeLessThanOrEqual(1);
          if (done) expect([after, store.writes]).toEqual([pieces.join(''), 1]);
          else expect(store.writes === 0 ? before : pieces.join('')).toBe(after);
          if (condition?.type === 'if-absent' && before !== undefined) expect(store.writes).toBe(0);
        }
      },
    ),
    { numRuns: 300 },
  );
});
