/** Where the four files of a database are. One place for all who look at them, so that they look at the same ones. */
import { QuackupError } from '../errors.ts';
import type { FileRole } from '../format/schema.ts';
import {
  type DatabaseState,
  filePath,
  type FileState,
  fileState,
  isSameFileIdentity,
  SIDECAR_ROLES,
  type SidecarRole,
} from './database-files.ts';
import { namesByLinks } from './names-by-links.ts';

export interface FilesOnDisk {
  /** Where each file is, or would be. */
  readonly paths: Readonly<Record<FileRole, string>>;
  readonly state: DatabaseState;
  /** The database is reached by a link, and its sidecars lie beside that, where only DuckDB before 1.5 sees them. */
  readonly isBesideLink: boolean;
}

/** A name of the database, and what lies beside it. */
interface Place {
  readonly name: string;
  readonly sidecars: Readonly<Record<SidecarRole, FileState | undefined>>;
}

/**
 * Looks for the files of a database. DuckDB puts sidecars beside the name that it was given; since 1.5 it follows a link
 * first, before it did not. So they are looked for beside each name, at every look anew, since a WAL may appear at any time.
 *
 * @throws WAL_IN_DOUBT if there are sidecars beside more than one name.
 */
export async function filesOnDisk(database: string): Promise<FilesOnDisk> {
  const [main, names] = await Promise.all([fileState(database), namesByLinks(database)]);
  let places = await usedPlaces(names);
  // The places are not looked at in one moment: what is at both is looked at again.
  if (places.length > 1) places = await usedPlaces(names);
  if (places.length > 1) throw inDoubt(database, places);
  const [{ name, sidecars } = { name: names.at(-1) ?? database, sidecars: NONE }] = places;
  return {
    paths: {
      database,
      wal: filePath(name, 'wal'),
      'wal.checkpoint': filePath(name, 'wal.checkpoint'),
      'wal.recovery': filePath(name, 'wal.recovery'),
    },
    state: { database: main, ...sidecars },
    isBesideLink: name !== names.at(-1),
  };
}

/** State of all four files, as {@link filesOnDisk}. */
export async function databaseState(database: string): Promise<DatabaseState> {
  return (await filesOnDisk(database)).state;
}

const NONE: Place['sidecars'] = { wal: undefined, 'wal.checkpoint': undefined, 'wal.recovery': undefined };

/** The places where anything lies that does not lie at another one: a WAL may be a link as well. */
async function usedPlaces(names: readonly string[]): Promise<readonly Place[]> {
  const used: Place[] = [];
  for (const name of names.toReversed()) {
    const [wal, checkpoint, recovery] = await Promise.all(
      SIDECAR_ROLES.map((role) => fileState(filePath(name, role))),
    );
    const sidecars = { wal, 'wal.checkpoint': checkpoint, 'wal.recovery': recovery };
    const isNew = (role: SidecarRole): boolean =>
      sidecars[role] !== undefined &&
      !used.some((other) => isSameFileIdentity(other.sidecars[role], sidecars[role]));
    if (SIDECAR_ROLES.some(isNew)) used.push({ name, sidecars });
  }
  return used;
}

function inDoubt(database: string, places: readonly Place[]): QuackupError {
  const files = places.flatMap(({ name, sidecars }) =>
    SIDECAR_ROLES.filter((role) => sidecars[role] !== undefined).map((role) => filePath(name, role)),
  );
  return new QuackupError(
    'WAL_IN_DOUBT',
    `${database} is a link, and which WAL belongs to it cannot be told: there are ${files.join(' and ')}`,
    {
      hint: 'open it with its application, run CHECKPOINT and close it; then move away the file that is left, which DuckDB does not read',
    },
  );
}
