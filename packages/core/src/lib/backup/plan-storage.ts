/** Decides whether a backup is full or incremental, and which blocks an incremental one stores. */
import type { BackupKind } from '../api.ts';
import type { OnProgress } from '../progress.ts';
import type { PlannedFile } from '../archive/archive-plan.ts';
import type { ArchiveFile } from '../archive/archive-file.ts';
import type { Base } from '../archive/base.ts';
import type { TargetClient } from '../target/target-client.ts';
import { compareChunks } from './compare-chunks.ts';
import { findBase, type FindBaseOptions } from './find-base.ts';

/** The bases by the name of their target; or, if one of the targets has none, why. */
export type Bases = ReadonlyMap<string, Base> | string;

/** A target that cannot be read is given up. */
export async function findBases(
  clients: readonly TargetClient[],
  options: FindBaseOptions,
  giveUp: (target: string, error: unknown) => void,
): Promise<Bases> {
  const bases = new Map<string, Base>();
  const reasons: string[] = [];
  await Promise.all(
    clients.map(async (client) => {
      try {
        const base = await findBase(client, options);
        if (typeof base === 'string') reasons.push(`on ${client.name}: ${base}`);
        else bases.set(client.name, base);
      } catch (error) {
        giveUp(client.name, error);
      }
    }),
  );
  return reasons.length > 0 ? reasons.join('; ') : bases;
}

/** How the files of the databases go into the archive. */
export interface Storage {
  readonly kind: BackupKind;
  readonly files: ReadonlyMap<ArchiveFile, PlannedFile>;
}

/**
 * Compares all blocks with the bases.
 *
 * @returns a full backup if less than half of the blocks could be reused: it takes about as much room, and needs no other.
 */
export async function planStorage(
  files: readonly ArchiveFile[],
  bases: readonly Base[],
  onProgress: OnProgress | undefined,
): Promise<Storage> {
  const task = 'compare';
  const mains = files.filter(({ role }) => role === 'database');
  const planned = new Map<ArchiveFile, PlannedFile>(files.map((file) => [file, file]));
  let stored = 0;
  let reused = 0;
  const totalBytes = mains.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  onProgress?.({ type: 'task-start', task, label: 'comparing', totalBytes });
  try {
    for (const file of mains) {
      const selection = await compareChunks(file, bases, (bytes) =>
        onProgress?.({ type: 'task-advance', task, bytes }),
      );
      stored += selection.storedCount - 1;
      reused += selection.reusedCount;
      planned.set(file, { ...file, selection });
    }
  } finally {
    onProgress?.({ type: 'task-end', task });
  }
  return reused < stored ? wholeFiles(files) : { kind: 'incremental', files: planned };
}

/** Everything is stored. */
export function wholeFiles(files: readonly ArchiveFile[]): Storage {
  return { kind: 'full', files: new Map(files.map((file) => [file, file])) };
}
