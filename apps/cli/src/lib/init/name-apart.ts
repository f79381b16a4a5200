import { basename } from 'node:path';

/** An entry of `databases` as `init` writes it. */
export interface NamedPath {
  readonly path: string;
  /** Only where the file's own name is taken. */
  readonly name?: string;
}

/**
 * Files of one name get names by their folders, but for the first: `b/x.duckdb` becomes `b-x.duckdb`. What a pattern matches
 * cannot be named here.
 */
export function nameApart(paths: readonly string[]): NamedPath[] {
  const taken = new Set<string>();
  return [...new Set(paths)].map((path) => {
    // As the file systems of some systems do it, where only case differs.
    const own = basename(path).toLowerCase();
    if (path.includes('*') || !taken.has(own)) {
      taken.add(own);
      return { path };
    }
    const name = path
      .split(/[/\\]/)
      .filter((part) => !/^\.{0,2}$|:$/.test(part))
      .join('-');
    return name.toLowerCase() === own ? { path } : { path, name };
  });
}
