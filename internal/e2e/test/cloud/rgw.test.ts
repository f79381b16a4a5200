/** The same commands on a real S3 service: the gateway of Ceph, which is also killed, and buckets with rules of their own. */
import { runSql } from '@quackup/fixtures';
import { type Rgw, startRgw, whyNoRgw } from '@quackup/s3-server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { rgwPlace } from '../support/cloud-places.ts';
import { Site } from '../support/cloud-site.ts';
import { rekeyTest } from '../support/cloud-rekey-test.ts';
import { crowdTest, lifeTest } from '../support/cloud-tests.ts';
import { filesBelow } from '../support/file-set.ts';
import { tempFolder } from '../support/temp-folder.ts';

const TIMEOUT = { timeout: 400_000 };
const MIB = 1024 * 1024;

const noRgw = whyNoRgw();

let started: Rgw | undefined;
const rgw = (): Rgw => {
  if (started === undefined) throw new Error('Ceph does not run');
  return started;
};

describe.runIf(noRgw === undefined)('on Ceph', () => {
  beforeAll(async () => {
    started = await startRgw();
  }, 300_000);
  afterAll(async () => {
    await started?.[Symbol.asyncDispose]();
  });

  lifeTest(() => rgwPlace(rgw()));
  crowdTest(() => rgwPlace(rgw()));
  rekeyTest(() => rgwPlace(rgw()));

  test(
    'the gateway is killed in the middle of an upload and of a restore, and started again',
    TIMEOUT,
    async () => {
      await using site = await Site.make(() => rgwPlace(rgw()), 1_000_000);
      const { gate } = site.cloud;

      const middle = gate.closeAfter('up', 10 * MIB);
      const backup = site.run('backup');
      await middle;
      await rgw().killGateway();
      await gate.open();
      expect((await backup).status).toBe(1);
      await rgw().startGateway();
      expect(await site.listed()).toEqual([]);
      const { backup: good } = (await site.well('backup')) as { backup: string };
      expect(await site.listed()).toEqual([good]);

      await using into = await tempFolder();
      const middleOfRestore = gate.closeAfter('down', 5 * MIB);
      const restore = site.run('restore', good, '--restore-dir', into.path);
      await middleOfRestore;
      await rgw().killGateway();
      await gate.open();
      expect((await restore).status).toBe(1);
      expect(await filesBelow(into.path)).toEqual([]);
      await rgw().startGateway();
      await site.expectRestores(good);
    },
  );

  test(
    'a gateway that is killed and back within the time for another try is noticed by nobody',
    TIMEOUT,
    async () => {
      await using site = await Site.make(() => rgwPlace(rgw()), 600_000);
      const { gate } = site.cloud;
      const middle = gate.closeAfter('up', 9 * MIB);
      const backup = site.well('backup');
      await middle;
      await rgw().killGateway();
      await rgw().startGateway();
      await gate.open();
      const { backup: name } = (await backup) as { backup: string };
      await site.expectRestores(name);
      expect(await site.cloud.uploads?.()).toEqual([]);
    },
  );

  test(
    'a bucket with versions, object lock and rules for old versions confuses nobody',
    TIMEOUT,
    async () => {
      const lock = ', objectLock: { mode: governance, days: 1 }';
      const bucket = { objectLock: true, lifecycle: true };
      await using site = await Site.make(() => rgwPlace(rgw(), bucket, lock), 50_000);
      const names: string[] = [];
      for (let round = 0; round < 3; round += 1) {
        await runSql(site.database, [`INSERT INTO t VALUES (${-1 - round}, 0, uuid())`, 'CHECKPOINT']);
        names.unshift(((await site.well('backup', '--full')) as { backup: string }).backup);
      }
      expect(await site.listed()).toEqual(names);
      const policy = ['--keep-days', '0', '--min-count', '0', '--keep-last', '1'];
      const removed = names.slice(1).map((name) => ({ name }));
      expect(await site.well('cleanup', ...policy)).toMatchObject({ removed });
      // What was removed lies below a marker, and neither shows nor is removed again.
      expect(await site.listed()).toEqual(names.slice(0, 1));
      expect(await site.well('cleanup', ...policy)).toMatchObject({ removed: [] });
      expect((await site.run('verify', names[1] ?? '')).json).toMatchObject({
        error: { code: 'BACKUP_NOT_FOUND' },
      });
      const scan = await site.well('verify', '--all', '--level', 'scan');
      expect(scan).toMatchObject({ results: [{ ok: true }] });
      expect(await site.well('target', 'check', 'cloud', '--quick')).toMatchObject({
        targets: [{ ok: true }],
      });
    },
  );

  test(
    'with object lock other recipients are new versions, and the old ones stay until their day',
    TIMEOUT,
    async () => {
      const lock = ', objectLock: { mode: compliance, days: 1 }';
      await using site = await Site.make(() => rgwPlace(rgw(), { objectLock: true }, lock), 20_000);
      const [one, two] = [await site.makeKey('one.txt'), await site.makeKey('two.txt')];
      await site.configure(`encryption: { recipients: [${one}], identities: { file: one.txt } }`);
      const { backup: first } = (await site.well('backup')) as { backup: string };
      await runSql(site.database, ['INSERT INTO t VALUES (-1, 0, uuid())', 'CHECKPOINT']);
      const { backup: second } = (await site.well('backup', '--full')) as { backup: string };
      await site.configure(
        `encryption: { recipients: [${two}], identities: [{ file: one.txt }, { file: two.txt }] }`,
      );
      const rekey = await site.run('rekey');
      expect(rekey, rekey.stderr).toMatchObject({
        status: 0,
        json: { results: [{ rekeyed: [{}, {}], failed: [] }] },
      });
      // It is said what is not undone, and it is true.
      expect(rekey.stderr).toContain('old versions that a bucket keeps');
      expect(await site.cloud.versionsOf?.(`${second}.tar.zst.age`)).toBe(2);
      await site.configure(`encryption: { recipients: [${two}], identities: { file: one.txt } }`);
      expect((await site.run('restore', second, '--restore-dir', 'nowhere')).json).toMatchObject({
        error: { code: 'KEY_WRONG' },
      });
      await site.configure(`encryption: { recipients: [${two}], identities: { file: two.txt } }`);
      await site.expectRestores(second);
      const policy = ['--keep-days', '0', '--min-count', '0', '--keep-last', '1'];
      expect(await site.well('cleanup', ...policy)).toMatchObject({ removed: [{ name: first }] });
      expect(await site.listed()).toEqual([second]);
      expect(await site.cloud.versionsOf?.(`${first}.tar.zst.age`)).toBe(2);
      // Who wants the lock to be kept to says that nothing is to be replaced.
      await site.configure(
        `encryption: { recipients: [${one}], identities: [{ file: one.txt }, { file: two.txt }] }`,
        'append-only',
      );
      for (const command of ['rekey', 'cleanup']) {
        expect(await site.run(command)).toMatchObject({
          status: 2,
          json: { error: { code: 'TARGET_ACCESS' } },
        });
      }
      expect(await site.cloud.versionsOf?.(`${second}.tar.zst.age`)).toBe(2);
    },
  );
});

describe.skipIf(noRgw === undefined)('on Ceph', () => {
  test.skip(noRgw ?? '');
});
