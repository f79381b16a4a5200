/**
 * Heads and padding of tar entries (POSIX.1-2001 pax interchange format, which every tar reads):
 *
 *     [pax header, 512 + body padded to 512]   only for a long or non-ASCII name or a size over 8 GiB
 *     ustar header, 512
 *     content, padded with zeros to 512
 *     ...
 *     1,024 zeros                               end of the archive
 */
import { Header, Pax } from 'tar';

const BLOCK = 512;

/** The end of every tar file. */
export const TAR_END: Uint8Array = new Uint8Array(2 * BLOCK);

export interface TarEntry {
  readonly path: string;
  /** Bytes of content. */
  readonly size: number;
  readonly modifiedAt: Date;
}

/** The bytes in front of an entry's content. Files are private (mode 0600): they hold a database. */
export function tarHead({ path, size, modifiedAt }: TarEntry): Buffer {
  const mtime = new Date(Math.floor(modifiedAt.getTime() / 1000) * 1000);
  const header = new Header({
    path,
    size,
    mtime,
    mode: 0o600,
    type: 'File',
    uid: 0,
    gid: 0,
    uname: '',
    gname: '',
  });
  const block = Buffer.alloc(BLOCK);
  if (!header.encode(block, 0) && /^[\x20-\x7e]*$/.test(path)) return block;
  // Only what ustar cannot hold goes into the pax header, times excepted: whole seconds are enough for a backup.
  return Buffer.concat([new Pax({ path, size }).encode(), block]);
}

/** Zeros that fill an entry of `size` bytes up to the next header. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);
}
