import { readlink, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';

/** Linux follows no more either. */
const MAX_LINKS = 40;

/**
 * The names by which a path leads to its file: the path itself, then what each link leads to, the file's own name last. Only
 * a link at the end of the path gives another name; a linked folder is the same folder.
 */
export async function namesByLinks(path: string): Promise<readonly string[]> {
  const names = [path];
  for (let name = path; names.length <= MAX_LINKS;) {
    try {
      const to = await readlink(name);
      const next = isAbsolute(to) ? to : `${dirname(name)}/${to}`;
      // Not by the text alone: `..` behind a linked folder leads elsewhere than it reads.
      name = join(await realpath(dirname(next)), basename(next));
    } catch {
      // It is no link, or leads nowhere, which whoever opens it finds out.
      break;
    }
    names.push(name);
  }
  return names;
}
