/**
 * What a block holds, as one byte: kind in the upper three bits, which one in the lower five.
 *
 * Contents are logical: two blocks that hold the same version of a table are equal, so only a difference that matters
 * counts as one.
 */
import { at, BULK_TRY, KIND, type State } from './state.ts';

const BLANK = 0;
const TABLE = 1;
const BULK_ROWS = 3;
const META = 4;
const META_NEW = 5;
const GARBAGE = 7;

const code = (kind: number, which: number): number => (kind << 5) | which;

/** Never written: no valid checksum. */
export const blank: number = code(BLANK, 0);
/** What a reader gets of a block that is written half, if it does not look at the checksum. */
export const garbage: number = code(GARBAGE, 0);
/** The rows of bulk transaction `bulk`, as it is tried now. */
export const bulkRows = (state: State, bulk: number): number =>
  code(BULK_ROWS, bulk + 2 * at(state, BULK_TRY + bulk));

/**
 * Table `table` as it is after commit `commit`: its version counts the commits that changed it. A bulk transaction changes
 * table A: what does not fill a row group is written as any other row.
 */
export function tableAt(state: State, table: number, commit: number): number {
  let version = 0;
  for (let k = 1; k <= commit; k += 1) {
    const kind = at(state, KIND + k);
    if (kind === table + 1 || (kind >= 3 && table === 0)) version += 1;
  }
  return code(TABLE + table, version);
}

/**
 * A metadata block that checkpoint `header` wrote: in place it keeps the parts of the header before (section 3.2: an old
 * header's parts are overwritten by the checkpoint after the next), in a new block there is nothing to keep.
 */
export const metaOf = (header: number, isNew: boolean): number => code(isNew ? META_NEW : META, header);

/** Whether a metadata block with this content has the parts of header `header`. */
export function hasMetaOf(content: number, header: number): boolean {
  if (content === metaOf(header, false) || content === metaOf(header, true)) return true;
  return content === metaOf(header + 1, false);
}

/** The block checksum: it sees no order, so all versions of a table may have the same one. A torn block has another. */
export const checksum = (content: number): number => content >> 5;

export function describeContent(content: number): string {
  const which = content & 31;
  switch (content >> 5) {
    case BLANK:
      return 'blank';
    case TABLE:
      return `table A version ${which}`;
    case TABLE + 1:
      return `table B version ${which}`;
    case BULK_ROWS:
      return `rows of bulk ${(which & 1) + 1}${which > 1 ? ', second try' : ''}`;
    case META:
    case META_NEW:
      return `metadata of header ${which}`;
    default:
      return 'garbage';
  }
}
