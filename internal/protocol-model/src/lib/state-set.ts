/** All states seen, each once, in the order in which they were found; by how they were reached. */
import { STATE_SIZE, type State } from './state.ts';

const FIRST_CAPACITY = 1 << 16;

export class StateSet {
  #bytes: Uint8Array = new Uint8Array(FIRST_CAPACITY * STATE_SIZE);
  #parents: Int32Array = new Int32Array(FIRST_CAPACITY);
  #steps: Uint16Array = new Uint16Array(FIRST_CAPACITY);
  /** Open addressing: index of a state plus 1, 0 if the place is free. Twice as many places as states. */
  #places: Int32Array = new Int32Array(2 * FIRST_CAPACITY);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** State number `index`. A view: do not change it. */
  get(index: number): State {
    return this.#bytes.subarray(index * STATE_SIZE, (index + 1) * STATE_SIZE);
  }

  parent(index: number): number {
    return this.#parents[index] ?? -1;
  }

  /** Step that led to it, and the step's argument. */
  step(index: number): readonly [number, number] {
    const packed = this.#steps[index] ?? 0;
    return [packed >> 8, packed & 255];
  }

  /** Adds a copy of `state`. @returns its number, or -1 if it was there already. */
  add(state: State, parent: number, step: number, argument: number): number {
    if (this.#size === this.#parents.length) this.#grow();
    const mask = this.#places.length - 1;
    let place = hash(state) & mask;
    for (let index = this.#places[place] ?? 0; index !== 0; index = this.#places[place] ?? 0) {
      if (this.#isEqual(index - 1, state)) return -1;
      place = (place + 1) & mask;
    }
    const index = this.#size;
    this.#places[place] = index + 1;
    this.#bytes.set(state, index * STATE_SIZE);
    this.#parents[index] = parent;
    this.#steps[index] = (step << 8) | argument;
    this.#size += 1;
    return index;
  }

  #isEqual(index: number, state: State): boolean {
    const from = index * STATE_SIZE;
    for (let i = 0; i < STATE_SIZE; i += 1) if (this.#bytes[from + i] !== state[i]) return false;
    return true;
  }

  #grow(): void {
    const bytes = new Uint8Array(this.#bytes.length * 2);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
    const parents = new Int32Array(this.#parents.length * 2);
    parents.set(this.#parents);
    this.#parents = parents;
    const steps = new Uint16Array(this.#steps.length * 2);
    steps.set(this.#steps);
    this.#steps = steps;
    const places = new Int32Array(this.#places.length * 2);
    for (let index = 0; index < this.#size; index += 1) {
      let place = hash(this.get(index)) & (places.length - 1);
      while (places[place] !== 0) place = (place + 1) & (places.length - 1);
      places[place] = index + 1;
    }
    this.#places = places;
  }
}

/** FNV-1a over pairs of bytes with a last mix, so that the low bits are good enough for a table. */
function hash(state: State): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < STATE_SIZE; i += 2) {
    h = Math.imul(h ^ ((state[i] ?? 0) | ((state[i + 1] ?? 0) << 16)), 0x01000193);
    h ^= h >>> 17;
  }
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}
