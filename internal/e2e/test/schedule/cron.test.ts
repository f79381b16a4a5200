import { spawn } from 'node:child_process';
import { mkdir, readFile, watch, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runSql } from '@quackup/fixtures';
import { expect, test } from 'vitest';

import { startQuackup } from '../support/run-quackup.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { ended, hasProgram, runProgram, SYSTEM_ENV } from './programs.ts';

const isThere = process.getuid?.() === 0 && hasProgram('cron') && hasProgram('crontab');
/** What is in the crontab belongs to somebody. */
const isFree = isThere && runProgram('crontab', ['-l']).status === 1;
if (isThere && !isFree && process.env['QUACKUP_TOOLS'] === 'required')
  throw new Error('the crontab of this user is not empty, so that cron cannot be tried');

const OTHERS = 'MAILTO=""\n# mine\n0 1 1 1 * true # 100\\%\n';

test.skipIf(!isFree)(
  'a real cron runs daily, the log shows it, and other lines stay (needs root, cron and an empty crontab)',
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
      runProgram('crontab', ['-'], OTHERS);
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
