import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runSql } from '@quackup/fixtures';
import { expect, test } from 'vitest';

import type { CloudPlace } from './cloud-places.ts';
import { Site } from './cloud-site.ts';
import { filesBelow } from './file-set.ts';
import { tempFolder } from './temp-folder.ts';

const TIMEOUT = { timeout: 120_000 };
const MIB = 1024 * 1024;

type MakeCloud = () => Promise<CloudPlace>;

/** The same commands as with a folder, on a server that stands for a cloud. */
export function lifeTest(makeCloud: MakeCloud): void {
  test('full, incremental, list, verify, restore, copy, repair and cleanup', TIMEOUT, async () => {
    await using site = await Site.make(makeCloud, 200_000);
    const full = (await site.well('backup')) as { backup: string };
    expect(full).toMatchObject({ kind: 'full', targets: [{ name: 'cloud', status: 'ok' }] });
    await site.expectRestores(full.backup);
    await runSql(site.database, ['INSERT INTO t VALUES (-1, 0, uuid())', 'CHECKPOINT']);
    const incremental = (await site.well('backup')) as { backup: string; archiveBytes: number };
    expect(incremental).toMatchObject({ kind: 'incremental' });
    expect(incremental.archiveBytes).toBeLessThan(2 * MIB);
    expect(await site.listed()).toEqual([incremental.backup, full.backup]);
    expect(await site.well('verify', '--all')).toMatchObject({ results: [{ ok: true }, { ok: true }] });
    await site.expectRestores('latest');
    await site.well('copy', 'latest', '--from', 'cloud', '--to', 'here');
    await site.well('verify', 'latest', '--target', 'here', '--level', 'scan');
    expect(await site.well('repair', '--dry-run')).toMatchObject({ repaired: [], damaged: [] });
    const policy = ['--keep-days', '0', '--min-count', '0', '--keep-last', '1'];
    expect(await site.well('cleanup', ...policy)).toMatchObject({ removed: [{ name: full.backup }] });
    // The archive of the one that was removed is still needed, and nothing else is there.
    const names = await site.cloud.names();
    expect(names.filter((name) => name.startsWith('backup_'))).toEqual(
      [`${full.backup}.tar.zst`, `${incremental.backup}.json`, `${incremental.backup}.tar.zst`].toSorted(),
    );
    await site.expectRestores('latest');
    expect(await site.well('target', 'check', 'cloud', '--quick')).toMatchObject({ targets: [{ ok: true }] });
    await site.run('verify', 'backup_20000101_000000');
    await site.run('list', '--target', 'nothing');
    const manifest = await readFile(join(site.folder, 'here', `${incremental.backup}.json`), 'utf8');
    for (const secret of site.cloud.secrets) expect(site.printed + manifest).not.toContain(secret);
  });
}

/** The way to the cloud is cut, for a moment or longer. */
export function cutTests(makeCloud: MakeCloud): void {
  test(
    'the way is cut in the middle of an upload, a listing and a restore, and is there again',
    TIMEOUT,
    async () => {
      await using site = await Site.make(makeCloud, 1_000_000);
      const { gate } = site.cloud;

      const cut = gate.closeAfter('up', 8 * MIB);
      const backup = await site.run('backup');
      await cut;
      expect([1, 130]).toContain(backup.status);
      expect(backup.json).toMatchObject({ error: { code: 'TARGET_FAILED' } });
      await gate.open();
      expect(await site.listed()).toEqual([]);
      const { backup: good } = (await site.well('backup')) as { backup: string };
      expect(await site.listed()).toEqual([good]);

      const cutList = gate.closeAfter('down', 10);
      const list = await site.run('list', '--target', 'cloud');
      await cutList;
      expect(list.status).toBe(1);
      await gate.open();

      await using into = await tempFolder();
      const cutRestore = gate.closeAfter('down', 5 * MIB);
      const restore = await site.run('restore', good, '--restore-dir', into.path);
      await cutRestore;
      expect(restore.status).toBe(1);
      await gate.open();
      // What is not whole is not there.
      expect(await filesBelow(into.path)).toEqual([]);
      await site.expectRestores(good);
      expect(await site.well('verify', '--all')).toMatchObject({ results: [{ ok: true }] });
    },
  );

  test('a gateway that is back at once is noticed by nobody', TIMEOUT, async () => {
    await using site = await Site.make(makeCloud, 600_000);
    const { gate } = site.cloud;
    const { backup } = (await site.well('backup')) as { backup: string };
    const back = gate.closeAfter('down', 3 * MIB).then(() => gate.open());
    await site.expectRestores(backup);
    await back;
  });
}

/** Many processes at a time on one cloud. */
export function crowdTest(makeCloud: MakeCloud): void {
  test(
    'eight processes back up and clean up at once, and nothing is lost, broken or there twice',
    TIMEOUT,
    async () => {
      await using site = await Site.make(makeCloud, 30_000);
      const { backup: first } = (await site.well('backup')) as { backup: string };
      const policy = ['--keep-days', '0', '--min-count', '0', '--keep-last', '4'];
      const runs = await Promise.all(
        Array.from({ length: 8 }, (_, place) =>
          place % 4 === 3 ? site.run('cleanup', ...policy) : site.run('backup', '--full'),
        ),
      );
      for (const { status, stderr } of runs) expect([0, 4], stderr).toContain(status);
      const made = runs.flatMap(({ status, json }) =>
        status === 0 && typeof json === 'object' && json !== null && 'backup' in json
          ? [String(json.backup)]
          : [],
      );
      expect(new Set(made).size).toBe(made.length);
      const removed = new Set(
        runs.flatMap(({ status, json }) =>
          status === 0 && typeof json === 'object' && json !== null && 'removed' in json
            ? (json.removed as { name: string }[]).map(({ name }) => name)
            : [],
        ),
      );
      const listed = await site.listed();
      expect([...listed].toSorted()).toEqual(
        [first, ...made].filter((name) => !removed.has(name)).toSorted(),
      );
      expect((await site.run('verify', '--all')).status).toBe(0);
      await site.expectRestores('latest');
    },
  );
}
