/** What goes into an archive, and what is known of it at its end. */
import type { Compression } from '../api.ts';
import type { ArchiveReference } from '../format/schema.ts';
import type { ArchiveFile } from './archive-file.ts';
import type { BlockSelection } from './block-selection.ts';
import type { Codec } from './compression.ts';
import type { IndexHead } from './index-file.ts';

/** A file as an archive takes it: whole, or only the blocks that changed. */
export interface PlannedFile extends ArchiveFile {
  /** Which of its blocks are stored; absent: all of them. */
  readonly selection?: BlockSelection;
}

export interface ArchivePlan {
  /** The backup's name, which is also the folder in the tar. */
  readonly name: string;
  /** Key of the archive, as its index names it. */
  readonly archiveName: string;
  readonly createdAt: Date;
  /** Whether what is written is encrypted afterwards, which makes its hash one that nobody needs. */
  readonly isEncrypted: boolean;
  readonly codec: Codec;
  /** What `codec` was made of. */
  readonly compression: Compression;
  /** Content of `backup_metadata.json`. */
  readonly metadata: string;
  /** The databases' files, by database, each read when its turn comes. */
  readonly databases: readonly {
    readonly files: readonly PlannedFile[];
    /** Called when all its files have been read; a rejection ends the archive. */
    readonly confirm: () => Promise<void>;
  }[];
  /** The index's head but for archives and files; asked for when all databases are confirmed. */
  describe(
    stored: ReadonlyMap<string, number>,
  ): Omit<IndexHead, 'archives' | 'files' | 'format' | 'backup' | 'createdAt'>;
  /** Told of every chunk that has been read for the archive, in bytes of the database. */
  onChunk?(database: string, bytes: number): void;
}

/** The end of an archive, and what is known of the archive with it. */
export interface ArchiveTail {
  /** What follows the body. */
  readonly bytes: readonly Uint8Array[];
  /** Those of them that are the index: its head, then its pages. */
  readonly index: readonly Uint8Array[];
  readonly written: WrittenArchive;
}

export interface WrittenArchive {
  /** Earlier archives that the index refers to, in the order of their numbers. */
  readonly references: readonly ArchiveReference[];
  readonly sizeBytes: number;
  /** Of nothing if the archive is encrypted afterwards. */
  readonly sha256: string;
  readonly index: {
    readonly offset: number;
    readonly length: number;
    readonly headLength: number;
    readonly headBytes: number;
    readonly sha256: string;
  };
}
