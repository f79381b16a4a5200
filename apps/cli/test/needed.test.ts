import { parseConfig } from '@quackup/core';
import { describe, expect, test } from 'vitest';

import { chooseMethod } from '../src/lib/schedule/choose-method.ts';
import { jobName } from '../src/lib/schedule/job-name.ts';
import { neededFolders } from '../src/lib/schedule/needed-folders.ts';
import {
  missingVariables,
  namesInReferences,
  watchEnvironment,
} from '../src/lib/schedule/needed-variables.ts';
import { planJob } from '../src/lib/schedule/plan-job.ts';

const TEXT = `
databases: [a.duckdb]
targets:
  here: { type: local, path: backups }
  cloud: { type: s3, bucket: "\${BUCKET}", secretAccessKey: { env: KEY } }
  unused: { type: local, path: unused }
  own: { type: ./mine.js, path: mine }
backup: { targets: [here, cloud, own], tempDir: scratch }
log: { file: logs/q.log }
metrics: { file: prom/q.prom }
`;

describe('a job', () => {
  test('may write where its state, log, scratch files and folders of backups are, and nowhere else', () => {
    const config = parseConfig(TEXT, { path: '/srv/q.yaml', env: { BUCKET: 'b' } });
    expect(neededFolders(config, { stateFolder: '/state/x', tempDir: '/tmp/y' })).toEqual({
      written: ['/state/x', '/srv/logs', '/srv/prom', '/srv/scratch', '/srv/backups'],
      unknown: ['own'],
    });
  });

  test('needs the variables that the configuration takes, wherever they stand', () => {
    const { env, names } = watchEnvironment({ BUCKET: 'b', OTHER: 'x' });
    const config = parseConfig(TEXT, { path: '/srv/q.yaml', env });
    const used = [...names, ...namesInReferences(config.targets)];
    expect(missingVariables(used, [])).toEqual(['BUCKET', 'KEY']);
    expect(missingVariables(used, ['KEY', 'BUCKET'])).toEqual([]);
    expect(missingVariables(['HOME', 'PATH'], [])).toEqual([]);
  });

  test('has the name of its folder and of its path', () => {
    expect(jobName('/srv/my shop/quackup.yaml', '/srv/my shop')).toMatch(/^my-shop-[0-9a-f]{8}$/);
    expect(jobName('/srv/a.yaml', '/srv')).not.toBe(jobName('/srv/b.yaml', '/srv'));
    expect(jobName('/備份/q.yaml', '/備份')).toMatch(/^[0-9a-f]{8}$/);
    expect(jobName(`/${'x'.repeat(200)}/q.yaml`, `/${'x'.repeat(200)}`).length).toBeLessThanOrEqual(40);
  });

  test('says everything that its scheduler may not: Node, its options, paths, and where state is', () => {
    const job = planJob(
      { path: '/srv/q.yaml', baseDir: '/srv' },
      {
        scope: 'user',
        timing: { cron: '0 2 * * mon' },
        jitterMs: 90_000,
        node: '/opt/node/bin/node',
        envFile: '/etc/q.env',
        env: { HOME: '/home/other', XDG_STATE_HOME: '/state', PATH: 'relative:/x', TMPDIR: '' },
        home: '/home/duck',
        platform: 'linux',
        databases: ['/data/a.duckdb', '/data/b.duckdb'],
        written: ['/srv/backups'],
      },
    );
    expect(job).toMatchObject({
      command: {
        node: '/opt/node/bin/node',
        nodeArgs: ['--max-semi-space-size=2', '--env-file=/etc/q.env'],
        args: ['--quiet', '--config', '/srv/q.yaml', 'daily'],
        ifDueArgs: ['--if-due', '0 2 * * 1', '--jitter', '90s'],
      },
      environment: {
        PATH: '/opt/node/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        HOME: '/home/other',
        XDG_STATE_HOME: '/state',
      },
      readPaths: ['/srv/q.yaml', '/data', '/etc/q.env'],
      maxDelaySeconds: 90,
    });
    expect(job.command.script).toMatch(/^\/.*\/bin\.ts$/);
    expect(job.environment).not.toHaveProperty('TMPDIR');
  });
});

describe('the method', () => {
  test.each([
    ['linux', true, 0, { method: 'systemd', scope: 'system', others: ['cron'] }],
    ['linux', false, 1000, { method: 'cron', scope: 'user', others: ['systemd'] }],
    ['darwin', false, 501, { method: 'launchd', scope: 'user', others: ['cron'] }],
    ['win32', false, -1, { method: 'windows', scope: 'user', others: [] }],
  ] as const)(
    'of %s (systemd: %s) for user %s is that of the machine',
    (platform, hasSystemd, uid, expected) => {
      expect(chooseMethod({}, { platform, uid, hasSystemd })).toEqual(expected);
    },
  );

  test('is the one that is named', () => {
    const facts = { platform: 'linux', uid: 0, hasSystemd: true } as const;
    expect(chooseMethod({ method: 'cron', user: true }, facts)).toEqual({
      method: 'cron',
      scope: 'user',
      others: ['systemd'],
    });
  });

  test('is refused if it cannot be', () => {
    const facts = { platform: 'linux', uid: 1000, hasSystemd: true } as const;
    for (const input of [{ system: true }, { user: true, system: true }, { method: 'at' }])
      expect(() => chooseMethod(input, facts)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
