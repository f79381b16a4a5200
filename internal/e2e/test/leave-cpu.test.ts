/** A backup by the command line keeps off a processor while a database in use is backed up, and has it back afterwards. */
import { spawnSync } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { runSql, startWriter } from '@quackup/fixtures';
import { expect, test } from 'vitest';

import { startQuackup } from './support/run-quackup.ts';
import { tempFolder } from './support/temp-folder.ts';

const hasTaskset =
  process.env.QUACKUP_TOOLS === 'required' || spawnSync('taskset', ['-V']).error === undefined;
const cores = availableParallelism();

test.runIf(process.platform === 'linux' && cores > 1 && hasTaskset)(
  'a database in use is backed up on all processors but one, one at rest on all',
  async () => {
    await using folder = await tempFolder();
    const database = join(folder.path, 'ledger.duckdb');
    const log = join(folder.path, 'taskset.log');
    const shim = join(folder.path, 'taskset');
    const PATH = process.env.PATH ?? '';
    await writeFile(log, '');
    await writeFile(shim, `#!/bin/sh\necho "$4" >> '${log}'\nPATH='${PATH}' exec taskset "$@"\n`);
    await chmod(shim, 0o755);
    const backUp = async (): Promise<number[]> => {
      const env = { PATH: `${folder.path}:${PATH}` };
      expect((await startQuackup(folder.path, ['backup', database], env).ended).status).toBe(0);
      const lists = (await readFile(log, 'utf8')).split('\n').filter(Boolean);
      return [...new Set(lists)].map((list) => list.split(',').length);
    };

    await runSql(database, ['CREATE TABLE ballast AS SELECT range AS i FROM range(100_000)']);
    expect(await backUp()).toEqual([]);
    await using writer = await startWriter(database, {});
    await writer.waitFor(20);
    expect(await backUp()).toEqual([cores - 1, cores]);
  },
);
