import { join } from 'node:path';

import { checkInvariant, querySummary } from '@quackup/fixtures';

/** One thing that was looked at. */
export interface Finding {
  readonly ok: boolean;
  readonly text: string;
}

/** What is known of the database that was written to, all of it from the writing process. */
export interface WrittenDatabase {
  /** Commits that had returned before the backup began: all of them must be there. */
  readonly acknowledgedBefore: number;
  /** Commits that had returned when the backup was done: at most one more (the one that was running) can be there. */
  readonly acknowledgedAfter: number;
}

const count = (n: number): string => n.toLocaleString('en');

async function finding(name: string, look: () => Promise<Finding>): Promise<Finding> {
  try {
    return await look();
  } catch (error) {
    return { ok: false, text: `${name}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/**
 * Whether tables that nobody wrote to came back with the same rows, every column read. Both files must be free.
 *
 * @param tables the tables to compare, as `schema.table`. Default: all, and there may be no others.
 */
export async function checkQuiet(
  name: string,
  sourceFolder: string,
  restoredFolder: string,
  tables?: readonly string[],
): Promise<Finding> {
  return await finding(name, async () => {
    const source = await querySummary(join(sourceFolder, name));
    const restored = await querySummary(join(restoredFolder, name));
    const compared = tables ?? [...new Set([...Object.keys(source), ...Object.keys(restored)])];
    let rows = 0;
    for (const table of compared) {
      const [here, there] = [source[table], restored[table]];
      if (here === undefined || there === undefined) {
        const where = here === undefined ? 'in the source' : 'restored';
        return { ok: false, text: `${name}: table ${table} is not there ${where}` };
      }
      if (here.rows !== there.rows || here.checksum !== there.checksum) {
        const counts = `${count(here.rows)} rows in the source, ${count(there.rows)} restored`;
        return { ok: false, text: `${name}: table ${table} differs (${counts})` };
      }
      rows += here.rows;
    }
    const what = tables === undefined ? `${compared.length} tables` : `table ${tables.join(', ')}`;
    return { ok: true, text: `${name}: ${what}, ${count(rows)} rows, all equal to the source` };
  });
}

/**
 * Whether the copy of a database that was written to all the time is its state after one of its commits, and not an
 * earlier one than the last that had returned when the backup began.
 */
export async function checkWritten(
  name: string,
  restoredFolder: string,
  written: WrittenDatabase,
): Promise<Finding> {
  return await finding(name, async () => {
    const { acknowledgedBefore, acknowledgedAfter } = written;
    const { commits } = await checkInvariant(join(restoredFolder, name));
    if (commits < acknowledgedBefore) {
      return {
        ok: false,
        text: `${name}: ends with commit ${count(commits)}, but ${count(acknowledgedBefore)} had returned before the backup`,
      };
    }
    if (commits > acknowledgedAfter + 1) {
      return {
        ok: false,
        text: `${name}: holds commit ${count(commits)}, which did not exist yet (${count(acknowledgedAfter)})`,
      };
    }
    return {
      ok: true,
      text: `${name}: commits 1 to ${count(commits)}, whole and without a gap (${count(acknowledgedBefore)} had returned when the backup began)`,
    };
  });
}
