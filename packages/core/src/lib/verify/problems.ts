import type { VerifyProblem } from '../api.ts';

/** More than this many problems of one backup say nothing new. */
const MAX_PROBLEMS = 100;

/** What a verification has found so far. */
export class Problems {
  readonly #list: VerifyProblem[] = [];
  #more = 0;

  add(problem: VerifyProblem): void {
    if (this.#list.length < MAX_PROBLEMS) this.#list.push(problem);
    else this.#more += 1;
  }

  get none(): boolean {
    return this.#list.length === 0;
  }

  /** All of them, the rest as a number. */
  list(): readonly VerifyProblem[] {
    const [first] = this.#list;
    if (this.#more === 0 || first === undefined) return this.#list;
    return [...this.#list, { code: first.code, object: first.object, message: `and ${this.#more} more` }];
  }
}
