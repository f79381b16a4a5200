/** What a command loads: the SDK of a cloud only if a target of that cloud is used. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runSql } from '@quackup/fixtures';
import { expect, test } from 'vitest';

import { startQuackup } from '../support/run-quackup.ts';
import { tempFolder } from '../support/temp-folder.ts';

const SDKS = /node_modules\/(@aws-sdk|@smithy|@azure|@google-cloud|google-auth-library|gaxios)\//;
const TARGETS = /packages\/target-(s3|azure|gcs)\//;

const CONFIG = `databases: [{ path: my.duckdb }]
targets:
  here: { type: local, path: ./backups }
  amazon: { type: s3, bucket: nowhere, region: eu-west-1, endpoint: 'http://127.0.0.1:9', conditionalPuts: never, accessKeyId: a, secretAccessKey: b, limits: { attempts: 1 } }
  azure: { type: azure, container: nowhere, account: nobody, accountKey: YWJj }
  google: { type: gcs, bucket: nowhere }
backup: { targets: [here] }
log: { file: quackup.log }
`;

/** The URLs of all modules that a command loads, with its exit code. */
async function loadedBy(
  folder: string,
  ...args: readonly string[]
): Promise<{ readonly status: number | null; readonly modules: readonly string[]; readonly stderr: string }> {
  const list = join(folder, 'modules');
  await writeFile(list, '');
  const hook = new URL('../programs/note-modules.ts', import.meta.url).href;
  const env = { QUACKUP_TEST_MODULES: list, NODE_OPTIONS: `--import ${hook}` };
  const { status, stderr } = await startQuackup(folder, args, env).ended;
  return { status, stderr, modules: (await readFile(list, 'utf8')).split('\n') };
}

test('the help, and everything that is done with a folder, load no SDK and no target of a cloud', async () => {
  await using folder = await tempFolder();
  await writeFile(join(folder.path, 'quackup.yaml'), CONFIG);
  await runSql(join(folder.path, 'my.duckdb'), [
    'CREATE TABLE t AS SELECT range AS i FROM range(1000)',
    'CHECKPOINT',
  ]);
  for (const args of [
    ['--help'],
    ['--version'],
    ['backup', '--help'],
    ['backup'],
    ['list', '--target', 'here'],
    ['verify', '--all'],
    ['restore', 'latest', '--restore-dir', 'out'],
    ['cleanup'],
    ['daily'],
    ['target', 'check', 'here', '--quick'],
  ]) {
    const { status, stderr, modules } = await loadedBy(folder.path, ...args);
    expect(status, `${args.join(' ')}: ${stderr}`).toBe(0);
    // So the list is not empty for another reason.
    expect(modules.some((url) => url.endsWith('/apps/cli/src/bin.ts'))).toBe(true);
    expect(
      modules.filter((url) => SDKS.test(url) || TARGETS.test(url)),
      args.join(' '),
    ).toEqual([]);
  }
});

test('a command on a cloud loads that one’s SDK and no other', async () => {
  await using folder = await tempFolder();
  await writeFile(join(folder.path, 'quackup.yaml'), CONFIG);
  const { status, modules } = await loadedBy(folder.path, 'list', '--target', 'amazon');
  expect(status).toBe(1);
  expect(modules.some((url) => url.includes('/@aws-sdk/client-s3/'))).toBe(true);
  expect(modules.filter((url) => /\/@azure\/|\/@google-cloud\/|target-(azure|gcs)\//.test(url))).toEqual([]);
});
