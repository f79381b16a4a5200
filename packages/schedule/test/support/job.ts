import { checkJob, type CheckedJob, type Job } from '../../src/lib/job.ts';

/** A job like those that the command line makes. */
export function job(change: Partial<Job> = {}): Job {
  return {
    name: 'daily',
    when: { at: '02:00' },
    command: {
      node: '/usr/bin/node',
      script: '/opt/quackup/bin.js',
      args: ['daily', '--config', '/etc/quackup.yaml'],
      ifDueArgs: ['--if-due', '0 2 * * *'],
    },
    workingDir: '/srv/data',
    environment: { PATH: '/usr/bin:/bin' },
    scope: 'user',
    readPaths: ['/etc/quackup.yaml'],
    readWritePaths: ['/srv/backups'],
    ...change,
  };
}

export function checked(change: Partial<Job> = {}): CheckedJob {
  return checkJob(job(change), 'posix');
}

export function checkedWindows(change: Partial<Job> = {}): CheckedJob {
  return checkJob(
    job({
      command: {
        node: String.raw`C:\Program Files\nodejs\node.exe`,
        script: String.raw`C:\Program Files\quackup\bin.js`,
        args: ['daily', '--config', String.raw`C:\Daten & Müll\quackup.yaml`],
        ifDueArgs: [],
      },
      workingDir: String.raw`C:\Daten & Müll`,
      readPaths: [],
      readWritePaths: [],
      ...change,
    }),
    'win32',
  );
}
