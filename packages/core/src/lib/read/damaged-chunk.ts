import type { ObjectKey } from '@quackup/target-api';

import { QuackupError } from '../errors.ts';

/** A chunk, and the archive in which it lies: an incremental backup has most of its chunks in earlier ones. */
export interface ChunkPlace {
  readonly archive: ObjectKey;
  readonly chunk: number;
  readonly database: string;
}

/** A chunk that is not what was backed up. */
export class DamagedChunk extends QuackupError {
  readonly archive: ObjectKey;

  /** @param why What is wrong with it. */
  constructor({ archive, chunk, database }: ChunkPlace, why: string) {
    super(
      'BACKUP_DAMAGED',
      `chunk ${chunk} of ${database}, in ${archive}, is not what was backed up: ${why}`,
      { hint: 'quackup verify --all tells which backups are whole' },
    );
    this.archive = archive;
  }
}
