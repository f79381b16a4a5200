/** The same commands on a target that is not ours: the example in examples/target-sftp, on a real OpenSSH server. */
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runSql } from '@quackup/fixtures';
import { type Sshd, startSshd, whyNoSshd } from '@quackup/sshd-server';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';

import { databaseHashes } from '../support/file-set.ts';
import { runQuackup, startQuackup } from '../support/run-quackup.ts';
import { tempFolder } from '../support/temp-folder.ts';

const TIMEOUT = { timeout: 400_000 };
const EXAMPLE = join(import.meta.dirname, '..', '..', '..', '..', 'examples', 'target-sftp');
const noSshd = whyNoSshd();

/** How a configuration names it, and what must be there for that. */
const WAYS: Readonly<Record<string, (folder: string) => Promise<string>>> = {
  path: async () => JSON.stringify(join(EXAMPLE, 'src', 'index.ts')),
  package: async (folder) => {
    await mkdir(join(folder, 'node_modules'));
    await symlink(EXAMPLE, join(folder, 'node_modules', 'quackup-target-sftp'), 'junction');
    return 'quackup-target-sftp';
  },
};

describe.skipIf(noSshd !== undefined)('a target of somebody else', () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd[Symbol.asyncDispose]());

  test.each(Object.keys(WAYS))(
    'found by its %s: full, incremental, verify, restore, cleanup',
    TIMEOUT,
    async (way) => {
      await using site = await tempFolder();
      const type = (await WAYS[way]?.(site.path)) ?? '';
      await writeFile(join(site.path, 'id_ed25519'), sshd.privateKey, { mode: 0o600 });
      await writeFile(
        join(site.path, 'quackup.yaml'),
        `databases: [{ path: my.duckdb }]
targets:
  nas:
    type: ${type}
    host: ${sshd.host}
    port: ${sshd.port}
    username: ${sshd.username}
    path: ${sshd.folder}/${way}
    hostKey: ${sshd.hostKey}
    privateKey: { file: ./id_ed25519 }
backup: { targets: [nas], tempDir: . }
`,
      );
      const database = join(site.path, 'my.duckdb');
      await runSql(database, [
        'CREATE TABLE t AS SELECT i, random() AS a, uuid() AS b FROM range(200000) r(i)',
        'CHECKPOINT',
      ]);
      let printed = '';
      const well = async (...args: readonly string[]): Promise<unknown> => {
        const { status, json, stdout, stderr } = await runQuackup(site.path, ...args, '--json');
        printed += stdout + stderr;
        expect(status, `${args.join(' ')}: ${stderr}`).toBe(0);
        return json;
      };
      const expectRestores = async (backup: string, folder: string): Promise<void> => {
        await well('restore', backup, '--restore-dir', folder);
        expect(await databaseHashes(join(folder, 'my.duckdb'))).toEqual(await databaseHashes(database));
      };

      const full = (await well('backup')) as { backup: string };
      expect(full).toMatchObject({ kind: 'full', targets: [{ name: 'nas', status: 'ok' }] });
      await expectRestores(full.backup, join(site.path, 'one'));
      await runSql(database, ['INSERT INTO t VALUES (-1, 0, uuid())', 'CHECKPOINT']);
      const incremental = (await well('backup')) as { backup: string };
      expect(incremental).toMatchObject({ kind: 'incremental' });
      expect(await well('list')).toMatchObject({
        backups: [{ name: incremental.backup }, { name: full.backup }],
      });
      expect(await well('verify', '--all')).toMatchObject({ results: [{ ok: true }, { ok: true }] });
      await expectRestores('latest', join(site.path, 'two'));
      const policy = ['--keep-days', '0', '--min-count', '0', '--keep-last', '1'];
      expect(await well('cleanup', ...policy)).toMatchObject({ removed: [{ name: full.backup }] });
      await expectRestores('latest', join(site.path, 'three'));
      expect(await well('target', 'check', 'nas', '--quick')).toMatchObject({ targets: [{ ok: true }] });

      const names = await readdir(join(sshd.folder, way), { recursive: true });
      expect(names.filter((name) => name.startsWith('backup_')).toSorted()).toEqual(
        [`${full.backup}.tar.zst`, `${incremental.backup}.json`, `${incremental.backup}.tar.zst`].toSorted(),
      );
      expect(names.filter((name) => name.startsWith('.tmp/'))).toEqual([]);
      // Any line of the key would do harm.
      for (const line of sshd.privateKey
        .split('\n')
        .filter((each) => each !== '' && !each.startsWith('-----')))
        expect(printed).not.toContain(line);
    },
  );

  test('a server that is not the one that was meant is told, and gets nothing', TIMEOUT, async () => {
    await using site = await tempFolder();
    await writeFile(
      join(site.path, 'quackup.yaml'),
      `databases: [{ path: my.duckdb }]
targets:
  nas: { type: ${JSON.stringify(join(EXAMPLE, 'src', 'index.ts'))}, host: ${sshd.host}, port: ${sshd.port}, username: me, path: x, hostKey: 'SHA256:${'A'.repeat(43)}', password: { env: NAS_PASSWORD } }
`,
    );
    const run = await startQuackup(site.path, ['list', '--json'], { NAS_PASSWORD: 'hunter2' }).ended;
    expect(run.status).toBe(1);
    expect(run.json).toMatchObject({
      error: {
        code: 'TARGET_FAILED',
        message: expect.stringContaining(`shows the key ${sshd.hostKey}, which is not among hostKey`),
        hint: expect.stringContaining('find out whether the key was changed'),
      },
    });
    expect(run.stdout + run.stderr).not.toContain('hunter2');
  });
});

describe.runIf(noSshd !== undefined)('a target of somebody else', () => {
  it.skip(noSshd ?? '');
});
