// Makes many backups of one database in a folder, an hour apart. Real ones: what is listed is what Quackup writes.
import { basename } from 'node:path';

import { createBackup } from '@quackup/core';
import { LocalTarget } from '@quackup/target-local';

const [database = '', folder = '', count] = process.argv.slice(2);
await using target = new LocalTarget(folder);
for (let hour = 0; hour < Number(count); hour += 1) {
  await createBackup({
    databases: [{ name: basename(database), path: database }],
    targets: [{ name: 'local', target }],
    clock: { now: () => new Date(Date.UTC(2026, 0, 1, hour)) },
  });
}
