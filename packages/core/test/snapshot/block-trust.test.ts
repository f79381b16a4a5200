import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { BlockTrust } from '../../src/lib/snapshot/block-trust.ts';
import type { Blocks } from '../../src/lib/snapshot/database-reader.ts';
import { RULES, type Rules } from '../../src/lib/snapshot/rules.ts';

const BLOCKS = 6;

/** What a writer and a copier may do, in any order. */
type Step =
  | {
      readonly do: 'checkpoint';
      readonly used: readonly number[];
      readonly metadata: readonly number[];
      /** Blocks that another connection adds to the file before the checkpoint reads the block count. */
      readonly added: number;
    }
  | { readonly do: 'write-free'; readonly id: number }
  | { readonly do: 'see' }
  | { readonly do: 'copy'; readonly id: number };

const ids = fc.uniqueArray(fc.nat(BLOCKS - 1));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('checkpoint' as const), used: ids, metadata: ids, added: fc.nat(2) }),
  fc.record({ do: fc.constant('write-free' as const), id: fc.nat(BLOCKS - 1) }),
  fc.record({ do: fc.constant('see' as const) }),
  fc.record({ do: fc.constant('copy' as const), id: fc.nat(BLOCKS - 1) }),
);

/** DuckDB as docs/hot-copy.md describes it: what is in use stays as it is, but for metadata; everything else may change. */
class CopyOnWriteFile {
  iteration = 1n;
  used: ReadonlySet<number> = new Set([0, 1, 2]);
  metadata: ReadonlySet<number> = new Set([0]);
  /** Counted as in use, though nothing refers to them: they may be written at any time. */
  unreferenced: ReadonlySet<number> = new Set();
  count = 3;
  /** Blocks of the file: fewer than the header counts once the free ones at its end have been cut off. */
  #length = 3;
  readonly content: number[] = Array.from({ length: BLOCKS }, () => 0);
  #written = 0;

  write(id: number): void {
    this.#written += 1;
    this.content[id] = this.#written;
  }

  checkpoint(used: readonly number[], metadata: readonly number[], added: number): void {
    // New blocks are written before the header, to blocks that are free under the old one; metadata is written in place.
    for (const id of used) {
      if (!this.used.has(id) || this.metadata.has(id) || this.unreferenced.has(id)) this.write(id);
    }
    this.iteration += 1n;
    const listed = Math.max(this.#length, ...used.map((id) => id + 1));
    this.count = Math.min(BLOCKS, listed + added);
    const late = Array.from({ length: this.count - listed }, (_, k) => listed + k);
    this.unreferenced = new Set(late);
    this.used = new Set([...used, ...late]);
    this.#length = Math.max(0, ...[...this.used].map((id) => id + 1));
    this.metadata = new Set(metadata.filter((id) => used.includes(id)));
  }

  blocks(): Blocks {
    const { used, metadata, count } = this;
    return {
      blockSize: 1,
      count,
      use: undefined,
      isUsed: (id) => used.has(id),
      isMetadata: (id) => metadata.has(id),
    };
  }
}

/** Whether every block that was trusted right after a look held what the file held. */
function trustIsRight(steps: readonly Step[], rules: Rules): boolean {
  const file = new CopyOnWriteFile();
  const trust = new BlockTrust(rules);
  let seen = file.blocks();
  trust.headerMoved(file.iteration, seen);
  let seenIteration = file.iteration;
  const copies = new Map<number, number | undefined>();
  for (const each of steps) {
    if (each.do === 'checkpoint') file.checkpoint(each.used, each.metadata, each.added);
    else if (each.do === 'write-free') {
      if (!file.used.has(each.id) || file.unreferenced.has(each.id)) file.write(each.id);
    } else if (each.do === 'copy') {
      // A block that is trusted is not copied again; one that is free according to the last look is of no interest.
      if (!trust.has(each.id) && seen.isUsed(each.id)) {
        copies.set(each.id, file.content[each.id]);
        trust.copied(each.id, seen);
      }
    } else {
      if (file.iteration !== seenIteration) {
        seen = file.blocks();
        seenIteration = file.iteration;
        trust.headerMoved(seenIteration, seen);
      }
      for (let id = 0; id < BLOCKS; id += 1) {
        // What nothing refers to may hold anything.
        if (file.unreferenced.has(id)) continue;
        if (trust.has(id) && copies.get(id) !== file.content[id]) return false;
      }
    }
  }
  return true;
}

test('a trusted block holds what the header that was seen last means, whatever was written in between', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => trustIsRight([...steps, { do: 'see' }], RULES)),
    { numRuns: 2000 },
  );
});

test.each([
  ['trust over a missed iteration', { followsDirectly: () => true }],
  [
    'trust in metadata blocks',
    { isCopyOnWrite: ({ used, settled }: { used: boolean; settled: boolean }) => used && settled },
  ],
  [
    'trust in blocks that may have been counted too late',
    { isCopyOnWrite: ({ used, metadata }: { used: boolean; metadata: boolean }) => used && !metadata },
  ],
  ['trust in blocks that were free in between', { isCopyOnWrite: () => true }],
] as const)('%s would be wrong', (_, dropped) => {
  const wrong = fc.check(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) =>
      trustIsRight([...steps, { do: 'see' }], { ...RULES, ...dropped }),
    ),
    { numRuns: 5000, seed: 1 },
  );
  expect(wrong.failed).toBe(true);
});
