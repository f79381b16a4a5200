import { z } from 'zod';

import type { BackupSummary, NamedTarget, ScannedDatabase } from '../api.ts';
import { verifiedKey } from '../format/backup-name.ts';
import { TargetClient } from '../target/target-client.ts';

/** What a scan counted in a backup. */
export interface ScanRecord {
  readonly backup: string;
  /** When the backup was made. */
  readonly createdAt: Date;
  readonly databases: readonly Pick<ScannedDatabase, 'name' | 'tables'>[];
}

const MAX_BYTES = 64 * 1024 * 1024;

const stored: z.ZodType<Pick<ScanRecord, 'databases'>> = z.object({
  databases: z.array(
    z.object({
      name: z.string(),
      tables: z.array(
        z.object({
          schema: z.string(),
          table: z.string(),
          rows: z.number(),
          contentHash: z.string(),
          sizeBytes: z.number().exactOptional(),
        }),
      ),
    }),
  ),
});

/** What was counted in a backup that `listBackups` calls verified; undefined if the record is gone or cannot be used. */
export async function readScanRecord(
  target: NamedTarget,
  { name, createdAt }: Pick<BackupSummary, 'name' | 'createdAt'>,
  signal: AbortSignal | undefined,
): Promise<ScanRecord | undefined> {
  const text = await new TargetClient(target, { signal }).readText(verifiedKey(name), MAX_BYTES);
  try {
    return { backup: name, createdAt: new Date(createdAt), ...stored.parse(JSON.parse(text ?? '')) };
  } catch {
    return undefined;
  }
}
