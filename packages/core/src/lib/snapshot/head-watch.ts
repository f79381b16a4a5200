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
    const { layout } = seen.head;
    if (layout.kind === 'clear') {
      const { iteration } = layout.active;
      // The other slot holds the header before this one, unless the file is new.
      const before = layout.headers.find((header) => header.iteration === iteration - 1n);
      this.#trust.headerMoved(iteration, seen.blocks, before?.blockCount ?? 0);
    }
  }
}
