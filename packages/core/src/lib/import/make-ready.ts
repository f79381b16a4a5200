import type { ScratchFolder } from '../process/scratch-folder.ts';
import type { ImportOptions } from './api.ts';
import type { OpenedImport } from './opened-import.ts';
import { type Proof, proveDatabase } from './prove-database.ts';

/** Databases that can be stored, with what DuckDB read of them, and what is wrong with the others; by name. */
export interface ReadyImport {
  readonly good: ReadonlyMap<string, { readonly path: string; readonly proof: Proof }>;
  readonly bad: ReadonlyMap<string, unknown>;
  readonly notes: readonly string[];
}

/**
 * Unpacks all databases and proves each; one that is bad does not stop the others.
 *
 * @throws what is wrong with all of it, as `unpack` does.
 */
export async function makeReady(
  opened: OpenedImport,
  scratch: ScratchFolder,
  { signal, onProgress }: ImportOptions,
): Promise<ReadyImport> {
  const task = 'import';
  const totalBytes = opened.databases.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0);
  onProgress?.({ type: 'task-start', task, label: 'unpacking and checking', totalBytes });
  try {
    const unpacked = await opened.unpack(scratch, {
      signal,
      modifiedAt: opened.createdAt,
      onBytes: (bytes) => onProgress?.({ type: 'task-advance', task, bytes }),
    });
    const good = new Map<string, { path: string; proof: Proof }>();
    const bad = new Map<string, unknown>();
    const notes = [...unpacked.notes];
    for (const [name, database] of unpacked.databases) {
      if ('error' in database) {
        bad.set(name, database.error);
        continue;
      }
      const { path } = database;
      try {
        const proof = await proveDatabase(path, { name, scratch, signal });
        good.set(name, { path, proof });
        notes.push(...proof.notes);
      } catch (error) {
        signal?.throwIfAborted();
        bad.set(name, error);
      }
    }
    return { good, bad, notes };
  } finally {
    onProgress?.({ type: 'task-end', task });
  }
}
