import type { ObjectKey } from '@quackup/target-api';

import type { BackupOptions, DatabaseSource } from '../api.ts';
import type { Codec } from '../archive/compression.ts';
import type { ScratchFolder } from '../process/scratch-folder.ts';
import type { SnapshotOptions } from '../snapshot/open-snapshot.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { BaseMemory } from './base-memory.ts';
import type { Reservation } from './reserve-name.ts';

/** Where the state that is stored comes from. */
export interface BackupSource {
  /** When the backup counts as begun; its name tells it. It builds on no backup of later. */
  readonly createdAt: Date;
  readonly open: (source: DatabaseSource, options: SnapshotOptions) => Promise<Snapshot>;
}

/** What the steps of one backup work with. */
export interface BackupRun {
  readonly options: BackupOptions;
  readonly source: BackupSource;
  readonly codec: Codec;
  /** The archive's key. */
  readonly archive: ObjectKey;
  /** Which targets still work. */
  readonly reservation: Reservation;
  readonly scratch: ScratchFolder;
  /** To be called before a database is copied that is in use. */
  readonly onInUse: () => Promise<void>;
  /** None if nothing is to be remembered on this machine. */
  readonly memory: BaseMemory | undefined;
  /** Databases that have been given up, and why. */
  readonly failed: Map<string, unknown>;
}
