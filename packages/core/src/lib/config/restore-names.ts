/**
 * Whether a name is one that Quackup gives to files beside a database while it restores it, or writes a snapshot. A run that is
 * killed leaves them, half written, and the next one replaces or removes them: no database can have such a name. The
 * old set of a restore (`X.bak-...`) is not among them: it is a database.
 */
export function isOfRestore(name: string): boolean {
  return OF_RESTORE.test(name);
}

/** As in restore-site.ts and write-snapshot.ts; in any case, since where names are folded `X.Quackup-New` is the same file. */
const OF_RESTORE =
  /\.quackup-(?:new(?:\.wal(?:\.checkpoint|\.recovery)?)?|guard|restore\.json(?:\.\d+)?|partial)$/i;
