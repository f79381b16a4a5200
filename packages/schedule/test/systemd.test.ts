import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { installSchedule, type Job, removeSchedule, type Scope, showSchedule } from '../src/index.ts';
import { systemdUnits, unitPaths } from '../src/lib/systemd-units.ts';
import { checked, job } from './support/job.ts';
import { hasProgram, runProgram } from '@quackup/fixtures';
import { testMachine } from './support/test-machine.ts';

async function units(change: Partial<Job> = {}): Promise<{ service: string; timer: string }> {
  await using machine = await testMachine();
  const [service, timer] = systemdUnits(checked(change), machine);
  return { service: service?.text ?? '', timer: timer?.text ?? '' };
}

describe('units', () => {
  test('run the job at its times, make up for what was missed, and put it off at random', async () => {
    const { service, timer } = await units({ maxDelaySeconds: 60 });
    expect(service).toContain(
      '\nType=oneshot\nWorkingDirectory=/srv/data\nEnvironment="PATH=/usr/bin:/bin"\n',
    );
    expect(service).toContain(
      '\nExecStart="/usr/bin/node" "/opt/quackup/bin.js" "daily" "--config" "/etc/quackup.yaml"\n',
    );
    expect(timer).toContain(
      '\nOnCalendar=*-*-* 02:00:00\nPersistent=true\nRandomizedDelaySec=60\nUnit=quackup-daily.service\n',
    );
    expect(timer).toContain('\n[Install]\nWantedBy=timers.target\n');
  });

  test('of the system may write only what is named', async () => {
    const { service } = await units({ scope: 'system', readWritePaths: ['/srv/backups', '/srv/the data'] });
    expect(service).toContain(
      '\nProtectSystem=strict\nPrivateTmp=yes\nReadWritePaths="-/srv/backups"\nReadWritePaths="-/srv/the data"\n',
    );
    expect(service).toContain('\nNoNewPrivileges=yes\n');
  });

  test('see the real /tmp if something of the job is there', async () => {
    for (const path of ['/tmp', '/tmp/x', '/var/tmp/x']) {
      const { service } = await units({ scope: 'system', readWritePaths: [path] });
      expect(service).toContain('\nPrivateTmp=no\n');
      expect(service).toContain('\nReadWritePaths="-/tmp"\n');
    }
    const { service } = await units({ scope: 'system', readWritePaths: ['/tmpfoo'] });
    expect(service).toContain('\nPrivateTmp=yes\n');
  });

  test('see the real /tmp if what they read is there', async () => {
    const { service } = await units({ scope: 'system', readPaths: ['/tmp/a.duckdb'] });
    expect(service).toContain('\nPrivateTmp=no\n');
  });

  test('of a user need no namespaces', async () => {
    const { service } = await units();
    expect(service).not.toMatch(/^(Protect|Private|ReadWritePaths)/m);
  });

  test('have nothing expanded that was not meant so', async () => {
    const { service } = await units({
      command: {
        node: '/opt/a$b%h/node',
        script: '/x',
        args: ['$HOME', '${X}', '%n', 'a"b\\c', ''],
        ifDueArgs: ['--if-due'],
      },
      workingDir: '/srv/50% $x',
    });
    expect(service).toContain(
      String.raw`ExecStart="/opt/a$b%%h/node" "/x" "$$HOME" "$\${X}" "%%n" "a\"b\\c" ""`.replace(
        String.raw`$\$`,
        '$$$$',
      ) + '\n',
    );
    expect(service).toContain('\nWorkingDirectory=/srv/50%% $x\n');
  });

  test('are refused for a folder that they cannot name', async () => {
    for (const workingDir of ['/srv/x ', '/srv/x\\'])
      await expect(units({ workingDir })).rejects.toThrow(
        expect.objectContaining({ code: 'NOT_EXPRESSIBLE' }),
      );
  });

  test('are refused for a Node that systemd would not run', async () => {
    const command = { ...job().command, node: '/opt/it"s/node' };
    await expect(units({ command })).rejects.toThrow(expect.objectContaining({ code: 'NOT_EXPRESSIBLE' }));
  });

  test.skipIf(!hasProgram('systemd-analyze')).each<[Scope, string]>([
    ['system', 'plain'],
    ['user', 'plain'],
    ['system', 'it\'s "100%" $HOME \\ Zürich'],
    ['user', 'it\'s "100%" $HOME \\ Zürich'],
  ])(
    'of the %s in a folder %s pass systemd-analyze without a word (needs systemd-analyze)',
    async (scope, name) => {
      await using machine = await testMachine();
      const folder = join(machine.home, name);
      await mkdir(folder, { recursive: true });
      const node = join(machine.home, 'no$de 100%');
      await symlink(process.execPath, node);
      const files = systemdUnits(
        checked({
          scope,
          workingDir: folder,
          command: {
            ...job().command,
            node,
            script: join(folder, 'x.js'),
            args: ['$HOME', '%n', 'a "b" c', "it's", '\\', ''],
          },
          when: { at: '02:00', timeZone: 'Europe/Berlin' },
          readWritePaths: [folder],
        }),
        machine,
      );
      for (const { path, text } of files) {
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, text);
        await chmod(path, 0o644);
      }
      const { status, stdout, stderr } = runProgram(
        'systemd-analyze',
        [...(scope === 'user' ? ['--user'] : []), 'verify', ...files.map(({ path }) => path)],
        { env: { XDG_RUNTIME_DIR: machine.home } },
      );
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
    },
  );

  test.skipIf(!hasProgram('systemd-analyze'))('that are wrong do not pass (the check is one)', async () => {
    await using machine = await testMachine();
    await mkdir(machine.home, { recursive: true });
    const [service] = systemdUnits(checked({ scope: 'system' }), machine);
    const path = join(machine.home, 'quackup-daily.service');
    await writeFile(path, (service?.text ?? '').replace('UMask', 'Umusk'));
    expect(runProgram('systemd-analyze', ['verify', path]).stderr).toMatch(/Umusk/);
  });
});

describe('systemd', () => {
  test.each<[Scope, string[]]>([
    [
      'user',
      [
        'systemctl --user daemon-reload',
        'systemctl --user daemon-reload',
        'systemctl --user enable quackup-daily.timer',
        'systemctl --user restart quackup-daily.timer',
        'loginctl show-user 501 --property=Linger --value',
      ],
    ],
    [
      'system',
      [
        'systemctl daemon-reload',
        'systemctl daemon-reload',
        'systemctl enable quackup-daily.timer',
        'systemctl restart quackup-daily.timer',
      ],
    ],
  ])('of the %s is installed, shown, and removed with everything of it', async (scope, commands) => {
    await using machine = await testMachine();
    const { service, timer } = unitPaths('daily', scope, machine);
    const neighbour = join(dirname(service), 'quackup-other.service');
    await mkdir(dirname(service), { recursive: true });
    await writeFile(neighbour, 'x');
    expect(await showSchedule('systemd', job({ scope }), {}, machine)).toMatchObject({ state: 'absent' });
    const advice = await installSchedule('systemd', job({ scope }), machine);
    expect(advice.some((each) => each.includes('enable-linger'))).toBe(scope === 'user');
    expect(machine.ran).toEqual(commands);
    expect(await readFile(timer, 'utf8')).toContain('OnCalendar=*-*-* 02:00:00');
    const shown = await showSchedule('systemd', job({ scope }), {}, machine);
    expect(shown.state).toBe('current');
    expect(shown.installed).toBe(shown.planned);
    expect(shown.next).toHaveLength(5);
    const later = job({ scope, when: { at: '03:00' } });
    expect(await showSchedule('systemd', later, {}, machine)).toMatchObject({ state: 'different' });

    machine.ran.length = 0;
    expect(await removeSchedule('systemd', { name: 'daily', scope }, machine)).toBe(true);
    const prefix = scope === 'user' ? 'systemctl --user' : 'systemctl';
    expect(machine.ran).toEqual([`${prefix} disable --now quackup-daily.timer`, `${prefix} daemon-reload`]);
    expect(await showSchedule('systemd', job({ scope }), {}, machine)).toMatchObject({ state: 'absent' });
    expect(await readFile(neighbour, 'utf8')).toBe('x');
    expect(await removeSchedule('systemd', { name: 'daily', scope }, machine)).toBe(false);
  });

  test('leaves a unit alone that somebody else wrote', async () => {
    await using machine = await testMachine();
    const { service } = unitPaths('daily', 'user', machine);
    await mkdir(dirname(service), { recursive: true });
    await writeFile(service, '[Service]\n');
    const notOurs = expect.objectContaining({ code: 'NOT_OURS' });
    await expect(installSchedule('systemd', job(), machine)).rejects.toThrow(notOurs);
    await expect(removeSchedule('systemd', job(), machine)).rejects.toThrow(notOurs);
    expect(await readFile(service, 'utf8')).toBe('[Service]\n');
    expect(machine.ran).toEqual(['systemctl --user daemon-reload']);
  });

  test('says what systemctl says', async () => {
    await using machine = await testMachine(() => ({ status: 1, stderr: 'Failed to connect to bus\n' }));
    await expect(installSchedule('systemd', job(), machine)).rejects.toThrow(
      /`systemctl --user daemon-reload` failed: Failed to connect to bus/,
    );
    expect(await showSchedule('systemd', job(), {}, machine)).toMatchObject({ state: 'absent' });
  });
});
