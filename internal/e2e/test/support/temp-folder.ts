import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for one test: `await using folder = await tempFolder()`. In `parent`, by default that of the system for such things. */
export async function tempFolder(
  parent: string = tmpdir(),
): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await realpath(await mkdtemp(join(parent, 'quackup-e2e-')));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
