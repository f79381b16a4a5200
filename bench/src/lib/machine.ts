import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  /** Of the folder that all work is done in: type and device, or `unknown`. */
  readonly fileSystem: string;
  readonly node: string;
}

/** What the figures depend on. @param folder An absolute path without links. */
export async function machineFacts(folder: string): Promise<Machine> {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
    fileSystem: fileSystemOf(folder, await mounts()),
    node: process.version,
  };
}

async function mounts(): Promise<string> {
  try {
    return await readFile('/proc/self/mounts', 'utf8');
  } catch {
    // Only Linux has it.
    return '';
  }
}

/**
 * The file system that holds a path, from the text of `/proc/mounts` (`device folder type options ...` a line): the one
 * with the longest folder, and the last of those, which hides the ones before it.
 */
export function fileSystemOf(path: string, mountTable: string): string {
  let best = { folder: '', description: 'unknown' };
  for (const line of mountTable.split('\n')) {
    const [device = '', folder = '', kind = ''] = line.split(' ');
    const below = folder === '/' ? '/' : `${folder}/`;
    if (folder.length >= Math.max(1, best.folder.length) && `${path}/`.startsWith(below)) {
      best = { folder, description: `${kind} (${device})` };
    }
  }
  return best.description;
}
