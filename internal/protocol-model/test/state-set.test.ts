import { describe, expect, it } from 'vitest';

import { STATE_SIZE } from '../src/lib/state.ts';
import { StateSet } from '../src/lib/state-set.ts';

const numbered = (n: number): Uint8Array => {
  const state = new Uint8Array(STATE_SIZE);
  new DataView(state.buffer).setUint32(STATE_SIZE - 4, n);
  return state;
};

describe('StateSet', () => {
  it('keeps each state once, and how it was reached, while it grows', () => {
    const set = new StateSet();
    for (let n = 0; n < 150_000; n += 1) expect(set.add(numbered(n), n - 1, n % 30, n % 7)).toBe(n);
    expect(set.size).toBe(150_000);
    for (let n = 0; n < 150_000; n += 9973) {
      expect(set.add(numbered(n), 0, 0, 0)).toBe(-1);
      expect(set.get(n)).toEqual(numbered(n));
      expect(set.parent(n)).toBe(n - 1);
      expect(set.step(n)).toEqual([n % 30, n % 7]);
    }
  });

  it('tells states apart that differ in a single byte', () => {
    const set = new StateSet();
    for (let i = 0; i < STATE_SIZE; i += 1) {
      const state = new Uint8Array(STATE_SIZE);
      state[i] = 1;
      expect(set.add(state, -1, 0, 0)).toBe(i);
    }
    expect(set.size).toBe(STATE_SIZE);
  });
});
