/**
 * Names of databases are names of tar entries, and of files when somebody unpacks the tar. For a database NAME the
 * archive may hold
 *
 *     NAME  NAME.blocks  NAME.wal  NAME.wal.checkpoint  NAME.wal.recovery
 *
 * beside its own `index` and `backup_metadata.json`. No two of all these may fall together, also where the file
 * system folds case (Windows, macOS) or Unicode forms (macOS).
 */

/** The longest suffix must still fit into the 255 bytes that file systems give a name. */
export const MAX_NAME_BYTES = 200;

const SUFFIXES = ['', '.blocks', '.wal', '.wal.checkpoint', '.wal.recovery'] as const;
const RESERVED = ['index', 'backup_metadata.json'] as const;

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** What is wrong with a database's name, as the end of a sentence that begins with the name; `undefined` if nothing is. */
export function checkDatabaseName(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (name === '.' || name === '..') return 'is not the name of a file';
  if (/[/\\]/.test(name)) return 'holds a slash or a backslash';
  if (CONTROL.test(name)) return 'holds a control character';
  if (!name.isWellFormed()) return 'is not valid Unicode';
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `is longer than ${MAX_NAME_BYTES} bytes`;
  return undefined;
}

export interface EntryConflict {
  readonly name: string;
  /** The name that it collides with; absent if it is one that the archive itself uses. */
  readonly with?: string;
  /** The entry that both would have. */
  readonly entry: string;
}

/** Pairs of names, or names and entries of the archive, that would fall together. At most one conflict for each name. */
export function checkEntryNames(names: readonly string[]): readonly EntryConflict[] {
  const owners = new Map<string, string | undefined>(RESERVED.map((entry) => [fold(entry), undefined]));
  const conflicts: EntryConflict[] = [];
  for (const name of names) {
    const entries = SUFFIXES.map((suffix) => `${name}${suffix}`);
    const taken = entries.find((entry) => owners.has(fold(entry)));
    if (taken !== undefined) {
      const other = owners.get(fold(taken));
      conflicts.push({ name, entry: taken, ...(other === undefined ? {} : { with: other }) });
    }
    for (const entry of entries) if (!owners.has(fold(entry))) owners.set(fold(entry), name);
  }
  return conflicts;
}

function fold(entry: string): string {
  return entry.normalize('NFC').toLowerCase();
}
