import type { BlockTrust } from './block-trust.ts';
import type { DatabaseReader, HeadAndBlocks } from './database-reader.ts';
import { sameHead } from './rules.ts';

/** Looks at a database's head again and again, so that no iteration is missed, and tells the trust of each. */
export class HeadWatch {
  readonly #reader: DatabaseReader;
  readonly #trust: BlockTrust;
  #known: HeadAndBlocks | undefined;
  #looking: Promise<boolean> | undefined;

  constructor(reader: DatabaseReader, trust: BlockTrust) {
    this.#reader = reader;
    this.#trust = trust;
  }

  /** The head that was seen last, with its blocks. */
  get known(): HeadAndBlocks | undefined {
    return this.#known;
  }

  /** Looks; returns whether the head moved since it was last seen. Calls at the same time share one look. */
  look(): Promise<boolean> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<boolean> {
    const known = this.#known;
    if (known !== undefined && sameHead(known.head, await this.#reader.readHead())) return false;
    this.saw(await this.#reader.readHeadAndBlocks());
    return known !== undefined;
  }

  /** Takes note of a head that was read elsewhere. */
  saw(seen: HeadAndBlocks): void {
    if (this.#known !== undefined && sameHead(this.#known.head, seen.head)) return;
    this.#known = seen;
    if (seen.head.layout.kind === 'clear') {
      this.#trust.headerMoved(seen.head.layout.active.iteration, seen.blocks);
    }
  }
}
