/** From what an archive holds itself to the complete index: every chunk that was not stored is where the base has it. */
import type { Base } from './base.ts';
import type { ArchiveReference } from '../format/schema.ts';
import type { BlockSelection } from './block-selection.ts';
import type { ChunkTable } from './chunk-table.ts';
import type { IndexedFile } from './index-file.ts';

/** A file of an archive with the places of the chunks that the archive holds. */
export interface WrittenFile {
  readonly file: IndexedFile;
  readonly table: ChunkTable;
  readonly selection: BlockSelection | undefined;
}

/**
 * The tables of a complete index, and the earlier archives that they refer to: number n of a table is place n - 1 here.
 * `written` is not changed, since another target may have another base.
 */
export function withReused(
  written: readonly WrittenFile[],
  base: Base | undefined,
): { readonly tables: readonly ChunkTable[]; readonly references: readonly ArchiveReference[] } {
  const references: ArchiveReference[] = [];
  /** Numbers by the base's own, given at first use. */
  const numbers = new Map<number, number>();
  const numberOf = (base: Base, archive: number): number => {
    let number = numbers.get(archive);
    if (number === undefined) {
      const reference = base.archives[archive];
      if (reference === undefined) throw new Error(`the base has no archive ${archive}`);
      number = references.push(reference);
      numbers.set(archive, number);
    }
    return number;
  };
  const tables = written.map(({ file, table, selection }) => {
    if (selection === undefined || selection.reusedCount === 0) return table;
    const earlier = base?.tableOf(file);
    if (base === undefined || earlier === undefined) throw new Error(`nothing to reuse for ${file.database}`);
    const complete = table.copy();
    for (let chunk = 0; chunk < table.count; chunk += 1) {
      if (!selection.isReused(chunk)) continue;
      const location = earlier.location(chunk);
      if (location === undefined) throw new Error(`the base lacks chunk ${chunk} of ${file.database}`);
      complete.set(chunk, earlier.hash(chunk), { ...location, archive: numberOf(base, location.archive) });
    }
    return complete;
  });
  return { tables, references };
}
