import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runSql } from '@quackup/fixtures';
import { expect, test } from 'vitest';

import { startQuackup } from '../support/run-quackup.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { hasProgram, runProgram } from './programs.ts';

const SCRIPT = fileURLToPath(new URL('systemd.sh', import.meta.url));

/** A manager of root in its own namespaces. Whether that can be is found out by doing it. */
const isThere =
  process.getuid?.() === 0 &&
  hasProgram('systemd-analyze') &&
  hasProgram('unshare') &&
  runProgram('unshare', ['--mount', '--pid', '--fork', '--propagation', 'private', 'true']).status === 0;

interface Shown {
  readonly schedules: readonly { readonly planned: string }[];
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

test.skipIf(!isThere)(
  'in the sandbox of the unit for the system a backup works, and nothing else can be written (needs root, systemd, namespaces)',
  async () => {
    // Not in /tmp, where the unit of the system has one of its own.
    await using temp = await tempFolder('/var/lib');
    const folder = join(temp.path, `it's "100%" $HOME`);
    const units = join(temp.path, 'units');
    await mkdir(folder);
    await mkdir(units);
    await mkdir(join(temp.path, 'scratch'));
    await runSql(join(folder, 'a.duckdb'), ['CREATE TABLE t AS SELECT i FROM range(100) r(i)']);
    const configure = (backups: string): Promise<void> =>
      writeFile(
        join(folder, 'quackup.yaml'),
        `databases: [a.duckdb]\ntargets: { local: { type: local, path: ${backups} } }\nlog: { file: logs/q.log }\n`,
      );
    await configure('../backups');
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
    const run = (): string =>
      runProgram('unshare', [
        '--mount',
        '--pid',
        '--fork',
        '--kill-child',
        '--propagation',
        'private',
        'sh',
        SCRIPT,
        units,
        join(temp.path, 'scratch'),
        service,
      ]).stdout;
    expect(run()).toContain('Result=success\nExecMainStatus=0\n');
    expect((await readdir(join(temp.path, 'backups'))).some((name) => name.endsWith('.json'))).toBe(true);
    expect(await readFile(join(folder, 'logs/q.log'), 'utf8')).toContain('ended: success');

    // The folder of another target was not named when the unit was made, so it cannot be written.
    await mkdir(join(temp.path, 'elsewhere'));
    await configure('../elsewhere');
    expect(run()).toContain('ExecMainStatus=1\n');
    expect(await readdir(join(temp.path, 'elsewhere'))).toEqual([]);
    expect(await readFile(join(folder, 'logs/q.log'), 'utf8')).toMatch(/EROFS|read-only/);
  },
);
