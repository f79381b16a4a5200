import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Writes an archive as OpenQuant does: `NAME/<database>` and `NAME/backup_metadata.json` in a tar.gz. */
export function writeOpenQuantArchive(path: string, timestamp: string, databases: readonly string[]): void {
  const name = basename(path).replace(/\.tar\.gz$/, '');
  const scratch = mkdtempSync(join(dirname(path), '.making-'));
  mkdirSync(join(scratch, name));
  for (const database of databases) copyFileSync(database, join(scratch, name, basename(database)));
  const metadata = {
    timestamp,
    databases: databases.map((database) => ({
      name: basename(database),
      original_path: `data/${basename(database)}`,
      size_bytes: statSync(database).size,
    })),
  };
  writeFileSync(join(scratch, name, 'backup_metadata.json'), JSON.stringify(metadata, null, 2));
  execFileSync('tar', ['-czf', path, '-C', scratch, name]);
  rmSync(scratch, { recursive: true });
}
