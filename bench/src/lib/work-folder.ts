import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface WorkFolder extends AsyncDisposable {
  readonly path: string;
  /** Makes a new empty folder in it. */
  folder(name: string): Promise<string>;
}

/** A folder that is removed with all that is in it when it is disposed of: also after a failure and an interruption. */
export async function workFolder(parent: string): Promise<WorkFolder> {
  await mkdir(parent, { recursive: true });
  const path = await mkdtemp(join(parent, 'work-'));
  return {
    path,
    folder: async (name) => await mkdtemp(join(path, `${name}-`)),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
