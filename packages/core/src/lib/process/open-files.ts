import { readdir, readlink } from 'node:fs/promises';

export interface OpenFile {
  /** Absolute, as the process sees it; with ` (deleted)` behind it if it has been removed. */
  readonly name: string;
  /** A path by which the very file that is open can be looked at, whatever has its name by now. */
  readonly path: string;
}

/** Files that a process has open; undefined where the system does not tell, or not us. Only Linux does. */
export async function openFiles(pid: number): Promise<readonly OpenFile[] | undefined> {
  const folder = `/proc/${pid}/fd`;
  const descriptors = await readdir(folder).catch(() => undefined);
  if (descriptors === undefined) return undefined;
  const files = await Promise.all(
    descriptors.map(async (each) => {
      const path = `${folder}/${each}`;
      return { name: await readlink(path).catch(() => ''), path };
    }),
  );
  // What is no file, such as a socket, has no path.
  return files.filter(({ name }) => name.startsWith('/'));
}
