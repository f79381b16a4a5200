import { expect, test } from 'vitest';

import { DatabaseReader } from '../../src/lib/snapshot/database-reader.ts';
import { tempFolder } from '../make-database.ts';

test('a folder is named as what it is', async () => {
  using folder = tempFolder();
  await expect(DatabaseReader.open(folder.path)).rejects.toMatchObject({
    code: 'DATABASE_UNREADABLE',
    message: `${folder.path} is not a file`,
  });
});
