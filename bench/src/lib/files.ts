import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** All files in a folder and below. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Bytes of all files in a folder and below: their lengths, not the disk blocks that they take. */
export async function bytesIn(folder: string): Promise<number> {
  const sizes = await Promise.all((await filesIn(folder)).map(async (file) => (await stat(file)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The one file of that name in a folder or below. @throws Error if there is none, or more than one. */
export async function findFile(folder: string, name: string): Promise<string> {
  const [found, ...others] = (await filesIn(folder)).filter((file) => basename(file) === name);
  if (found === undefined || others.length > 0) {
    throw new Error(`${folder} holds ${found === undefined ? 'no' : 'more than one'} ${name}`);
  }
  return found;
}

/** Reads a file, so that the operating system has it in memory. */
async function warmFile(path: string): Promise<void> {
  const stream: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: 1024 * 1024 });
  let bytes = 0;
  for await (const piece of stream) bytes += piece.length;
  const { size } = await stat(path);
  if (bytes !== size) throw new Error(`${path} changed while it was read`);
}

/** Reads a file, or every file in a folder and below. */
export async function warm(path: string): Promise<void> {
  const files = (await stat(path)).isDirectory() ? await filesIn(path) : [path];
  for (const file of files) await warmFile(file);
}
