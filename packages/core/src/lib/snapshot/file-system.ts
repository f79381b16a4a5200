import { statfs } from 'node:fs/promises';

/** Magic numbers of Linux file systems whose files other machines may write (linux/magic.h, and of the projects). */
const SHARED = new Map<number, string>([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0x01021997, '9P'],
  [0x00c36400, 'CephFS'],
  [0x0bd00bd0, 'Lustre'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x5346414f, 'AFS'],
  [0x65735546, 'FUSE'],
]);

/**
 * The kind of file system that `path` lies on if other machines may write there, whose locks and caches cannot be seen from
 * here; undefined for one that is local, or cannot be told (only Linux gives a number that means something).
 */
export async function sharedFileSystem(
  path: string,
  platform: NodeJS.Platform = process.platform,
): Promise<string | undefined> {
  if (platform !== 'linux') return undefined;
  return sharedFileSystemOf((await statfs(path)).type);
}

/** As {@link sharedFileSystem}, for the type that statfs(2) gives. A type above 2^31 may come as a negative number. */
export function sharedFileSystemOf(type: number): string | undefined {
  return SHARED.get(type >>> 0);
}
