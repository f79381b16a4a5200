import { fingerprintsOf } from '../encryption/encryption.ts';
import type { ArchiveReference } from '../format/schema.ts';
import type { TargetClient } from '../target/target-client.ts';
import type { BackupRun } from './backup-run.ts';
import type { StoredArchive } from './stored-archive.ts';

/** Keeps what the next backup must know where it cannot read this one again. Without it that one is full, and says so. */
export async function rememberBase(
  { options, memory, reservation, codec }: BackupRun,
  client: TargetClient,
  { tail: { index, written } }: StoredArchive,
  archive: ArchiveReference,
): Promise<void> {
  const { encryption, onProgress } = options;
  if (memory === undefined || (encryption === undefined && client.access !== 'write-only')) return;
  try {
    await memory.save(client.name, {
      backup: reservation.name,
      place: client.target.displayName,
      archives: [archive, ...written.references],
      recipients: encryption === undefined ? [] : fingerprintsOf(encryption),
      algorithm: codec.algorithm,
      headLength: written.index.headLength,
      headBytes: written.index.headBytes,
      frames: index,
    });
  } catch (error) {
    const text = `the backup on ${client.name} cannot be remembered, so the next one there is a full one: ${(error as Error).message}`;
    onProgress?.({ type: 'message', level: 'warning', text });
  }
}
