/**
 * The schedulers of Debian, for real. cron begins a job with the minute, so its test waits for up to one; the others run meanwhile.
 */
import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, watch, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { hasProgram, runProgram, runSql, skipBecause, SYSTEM_ENV } from '@quackup/fixtures';
import { expect, test } from 'vitest';

import { BIN, startQuackup } from '../support/run-quackup.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { ended } from './ended.ts';

const hasCron = process.getuid?.() === 0 && hasProgram('cron') && hasProgram('crontab');
/** What is in the crontab belongs to somebody. */
const isCrontabEmpty = hasCron && runProgram('crontab', ['-l']).stdout === '';
if (hasCron && !isCrontabEmpty)
  skipBecause('the crontab of this user is not empty, so that cron cannot be tried');

const OTHERS = 'MAILTO=""\n# mine\n0 1 1 1 * true # 100\\%\n';

test.skipIf(!isCrontabEmpty)(
  'a real cron runs daily, the log shows it, and other lines stay (needs root, cron and an empty crontab)',
  { concurrent: true },
  async () => {
    await using temp = await tempFolder();
    const folder = join(temp.path, `it's 100% "Zürich" $HOME \\% \\\\`);
    const logs = join(temp.path, 'logs');
    await mkdir(folder);
    await mkdir(logs);
    await runSql(join(folder, 'a.duckdb'), ['CREATE TABLE t AS SELECT i FROM range(100) r(i)']);
    await writeFile(
      join(folder, 'quackup.yaml'),
      `databases: [a.duckdb]
targets: { local: { type: local, path: backups } }
backup: { tempDir: . }
log: { file: ../logs/q.log }
schedule: { cron: "* * * * *", jitter: 0s }
`,
    );
    const state = join(temp.path, 'state=x');
    const quackup = (...args: string[]) => startQuackup(folder, args, { XDG_STATE_HOME: state }).ended;
    // Ends by itself if another one runs, which then does it.
    const cron = spawn('cron', ['-f'], { stdio: 'ignore', env: SYSTEM_ENV });
    try {
      runProgram('crontab', ['-'], { input: OTHERS });
      const changes = watch(logs, { signal: AbortSignal.timeout(115_000) });
      const installed = await quackup('schedule', 'install', '--method', 'cron', '--json');
      expect(installed).toMatchObject({ status: 0, stderr: '', json: { changed: true, advice: [] } });
      const crontab = runProgram('crontab', ['-l']).stdout;
      expect(crontab.startsWith(OTHERS)).toBe(true);
      // Once more changes nothing.
      expect(await quackup('schedule', 'install', '--method', 'cron', '--json')).toMatchObject({
        json: { changed: false },
      });
      expect(runProgram('crontab', ['-l']).stdout).toBe(crontab);

      for await (const _ of changes)
        if ((await readFile(join(logs, 'q.log'), 'utf8')).includes('ended:')) break;
      expect(await readFile(join(logs, 'q.log'), 'utf8')).toMatch(
        /begun[^]*backup backup_\d+[^]*verified on local[^]*ended: success/,
      );
      expect(await quackup('schedule', 'remove', '--json')).toMatchObject({ json: { removed: ['cron'] } });
      expect(runProgram('crontab', ['-l']).stdout).toBe(OTHERS);
    } finally {
      cron.kill();
      await ended(cron);
      runProgram('crontab', ['-r']);
    }
  },
);

const SCRIPT = fileURLToPath(new URL('systemd.sh', import.meta.url));

/** A manager of root in its own namespaces. Whether that can be is found out by doing it. */
const hasSystemd =
  process.getuid?.() === 0 &&
  hasProgram('systemd-analyze') &&
  hasProgram('unshare') &&
  runProgram('unshare', ['--mount', '--pid', '--fork', '--propagation', 'private', 'true']).status === 0;

interface Shown {
  readonly schedules: readonly {
    readonly state: string;
    readonly planned: string;
    readonly next: readonly string[];
  }[];
}

/** Runs a command beside a manager whose home is `scratch`, and gives its output. */
function besideSystemd(
  scratch: string,
  ...command: readonly string[]
): { status: number | null; stdout: string } {
  return runProgram('unshare', [
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    '--propagation',
    'private',
    'sh',
    SCRIPT,
    scratch,
    ...command,
  ]);
}

const local = (path: string): string => `targets: { local: { type: local, path: ${path} } }`;

async function makePlace(folder: string, ...lines: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  await runSql(join(folder, 'a.duckdb'), ['CREATE OR REPLACE TABLE t AS SELECT i FROM range(100) r(i)']);
  await writeFile(join(folder, 'quackup.yaml'), ['databases: [a.duckdb]', ...lines, ''].join('\n'));
}

/** The units as `schedule show` prints them: `# PATH` before each. */
async function writeUnits(planned: string, folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const [, path = '', text = ''] of planned.matchAll(
    /^# (\/\S+\.(?:service|timer))\n([^]*?)(?=^# \/|$(?![^]))/gm,
  )) {
    const name = path.slice(dirname(path).length + 1);
    await writeFile(join(folder, name), text);
    names.push(name);
  }
  return names;
}

test.skipIf(!hasSystemd)(
  'in the sandbox of the unit for the system a backup works, and nothing else can be written (needs root, systemd, namespaces)',
  { concurrent: true },
  async () => {
    // Not in /tmp, where the unit of the system has one of its own.
    await using temp = await tempFolder('/var/lib');
    const folder = join(temp.path, `it's "100%" $HOME`);
    const scratch = join(temp.path, 'scratch');
    const units = join(scratch, 'config/systemd/user');
    await mkdir(units, { recursive: true });
    const log = 'log: { file: logs/q.log }';
    await makePlace(folder, local('../backups'), log);
    const env = { XDG_STATE_HOME: join(temp.path, 'state') };
    const { json, stderr } = await startQuackup(
      folder,
      ['schedule', 'show', '--method', 'systemd', '--system', '--json'],
      env,
    ).ended;
    expect(stderr).toBe('');
    const [planned = ''] = (json as Shown).schedules.map((each) => each.planned);
    const names = await writeUnits(planned, units);
    const verified = runProgram('systemd-analyze', ['verify', ...names.map((name) => join(units, name))]);
    expect(verified).toEqual({ status: 0, stdout: '', stderr: '' });

    // What installing makes besides the units.
    for (const path of ['backups', 'state/quackup', `${folder.slice(temp.path.length + 1)}/logs`])
      await mkdir(join(temp.path, path), { recursive: true });
    for (const [, path = ''] of planned.matchAll(/^ReadWritePaths="-(.*)"$/gm))
      await mkdir(path.replaceAll('%%', '%').replaceAll('\\"', '"'), { recursive: true });
    const [service = ''] = names;
    const start = `systemctl --user start ${service} 2>&-; systemctl --user show ${service} -p Result -p ExecMainStatus`;
    const run = (): string => besideSystemd(scratch, 'sh', '-c', start).stdout;
    expect(run()).toContain('Result=success\nExecMainStatus=0\n');
    expect((await readdir(join(temp.path, 'backups'))).some((name) => name.endsWith('.json'))).toBe(true);
    expect(await readFile(join(folder, 'logs/q.log'), 'utf8')).toContain('ended: success');

    // The folder of another target was not named when the unit was made, so it cannot be written.
    await mkdir(join(temp.path, 'elsewhere'));
    await makePlace(folder, local('../elsewhere'), log);
    expect(run()).toContain('ExecMainStatus=1\n');
    expect(await readdir(join(temp.path, 'elsewhere'))).toEqual([]);
    expect(await readFile(join(folder, 'logs/q.log'), 'utf8')).toMatch(/EROFS|read-only/);
  },
);

test.skipIf(!hasSystemd)(
  'a timer of a user is installed, is waiting, and is gone once it is removed (needs root, systemd, namespaces)',
  { concurrent: true },
  async () => {
    await using temp = await tempFolder();
    await makePlace(temp.path, 'schedule: { cron: "30 3 * * 1-5", timeZone: Europe/Berlin }');
    const quackup = (verb: string): string =>
      `"${process.execPath}" "${BIN}" schedule ${verb} --config "${temp.path}/quackup.yaml" --method systemd --user --json`;
    const timers = "systemctl --user list-timers --all --no-legend 'quackup-*' | tee -a out";
    const { status, stdout } = besideSystemd(
      temp.path,
      'sh',
      '-euc',
      `export TZ=UTC; cd "${temp.path}"
      ${quackup('install')} 2>warnings >installed; ${timers}
      ${quackup('install')} 2>&- >again
      ${quackup('show')} 2>&- >shown
      ${quackup('remove')} 2>&- >removed; ${timers}; ls config/systemd/user >left`,
    );
    expect(status, stdout).toBe(0);
    const read = async (name: string): Promise<string> => readFile(join(temp.path, name), 'utf8');
    const json = async (name: string): Promise<unknown> => JSON.parse(await read(name));
    expect(await json('installed')).toMatchObject({ method: 'systemd', scope: 'user', changed: true });
    expect(await read('warnings')).toContain('loginctl enable-linger');
    expect(await json('again')).toMatchObject({ changed: false });
    const { schedules } = (await json('shown')) as Shown;
    expect(schedules).toMatchObject([{ state: 'current' }]);
    // One line: installed; nothing more once it is removed. systemd says the same next time, but for the jitter.
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(1);
    const [, date = ''] = /(\d{4}-\d\d-\d\d) \d\d:\d\d:\d\d/.exec(stdout) ?? [];
    expect(schedules[0]?.next[0]?.slice(0, 10)).toBe(date);
    expect(await json('removed')).toMatchObject({ removed: ['systemd'] });
    expect((await read('left')).trim()).toMatch(/^(timers\.target\.wants)?$/);
  },
);
