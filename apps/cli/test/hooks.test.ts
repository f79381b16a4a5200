import { existsSync, readFileSync, renameSync } from 'node:fs';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { runHook } from '../src/lib/hooks/run-hook.ts';
import { CliPlace } from './support/cli-place.ts';

let place: CliPlace;
beforeEach(async () => {
  place = await CliPlace.create();
});
afterEach(() => place[Symbol.dispose]());

/** A hook that writes its environment to a file of its own name. */
const noting = (name: string): string => `[sh, -c, 'env > "$0"; echo "said by ${name}"', ${name}.env]`;

const noted = (name: string): Record<string, string> =>
  Object.fromEntries(
    readFileSync(place.path(`${name}.env`), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]),
  );

const messages = (): unknown[] => place.log().map(({ message }) => message);

test('hooks run before and after, know the run, say what they say in the log, and get no secret', async () => {
  place.env = { SMTP_PASSWORD: 'hunter22', PASSED: 'on purpose' };
  place.configure(
    `hooks: { before: ${noting('before')}, after: ${noting('after')}, onFailure: ${noting('failed')}, passEnv: [PASSED] }\n`,
  );
  const { status, json } = await place.run('daily');
  expect(status).toBe(0);
  expect(noted('before')).toMatchObject({
    QUACKUP_HOOK: 'before',
    QUACKUP_CONFIG: place.path('quackup.yaml'),
  });
  expect(noted('after')).toMatchObject({
    QUACKUP_HOOK: 'after',
    QUACKUP_RUN_ID: json['runId'],
    QUACKUP_OUTCOME: 'success',
    QUACKUP_BACKUP: 'backup_20260101_020000',
    QUACKUP_LAST_GOOD: 'backup_20260101_020000',
    PASSED: 'on purpose',
  });
  expect(noted('after')).not.toHaveProperty('SMTP_PASSWORD');
  expect(messages()).toEqual(
    expect.arrayContaining(['hook before: said by before', 'hook after: said by after']),
  );
  expect(existsSync(place.path('failed.env'))).toBe(false);
});

test('a hook that fails before stops the run: nothing is backed up, and after and onFailure run', async () => {
  place.configure(
    `hooks: { before: [sh, -c, 'exit 7'], after: ${noting('after')}, onFailure: ${noting('failed')} }\n`,
  );
  const { status, json } = await place.run('daily');
  expect(status).toBe(1);
  expect(json).toMatchObject({
    error: { code: 'HOOK_FAILED', message: expect.stringContaining('exit code 7') },
  });
  expect(existsSync(place.path('b'))).toBe(false);
  expect(noted('after')['QUACKUP_OUTCOME']).toBe('failure');
  expect(noted('failed')).toMatchObject({ QUACKUP_HOOK: 'onFailure', QUACKUP_PROBLEMS: '1' });
});

test('one that fails afterwards is a warning, and a program that is not there too', async () => {
  place.configure('hooks: { after: [./not-there, x], onFailure: [sh, -c, exit 1] }\n');
  const { status, json } = await place.run('daily');
  expect(status).toBe(0);
  expect(json).toMatchObject({
    outcome: 'warning',
    problems: [{ subject: 'hook after', code: 'HOOK_FAILED' }],
  });
  renameSync(place.path('a.duckdb'), place.path('away.duckdb'));
  place.tomorrow();
  const failed = await place.run('daily');
  expect(failed.status).toBe(1);
  expect(failed.json['problems']).toContainEqual(expect.objectContaining({ subject: 'hook onFailure' }));
});

test('a run with nothing to do runs no hook', async () => {
  await place.run('daily');
  place.configure(`hooks: { before: ${noting('before')}, after: ${noting('after')} }\n`);
  expect((await place.run('daily', '--if-older', '20h')).json).toEqual({ outcome: 'skipped' });
  expect(existsSync(place.path('before.env'))).toBe(false);
  expect(existsSync(place.path('after.env'))).toBe(false);
});

test.each([
  ['no list', 'hooks: { before: "echo hello" }'],
  ['no program', 'hooks: { before: [] }'],
  ['a time limit of nothing', 'hooks: { timeout: 0s }'],
  ['an unknown hook', 'hooks: { during: [true] }'],
  ['a variable that is none', 'hooks: { passEnv: ["A=B"] }'],
])('%s is refused', async (_what, text) => {
  place.configure(`${text}\n`);
  expect((await place.run('daily')).status).toBe(2);
});

const hanging = async (script: string, abort?: AbortSignal): Promise<{ pids: number[]; error: unknown }> => {
  const lines: string[] = [];
  const error = await runHook(['sh', '-c', script], {
    name: 'before',
    cwd: place.folder,
    env: { PATH: process.env['PATH'] },
    timeoutMs: 400,
    graceMs: 200,
    onLine: (line) => lines.push(line),
    ...(abort && { signal: abort }),
  }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { pids: lines.map(Number), error };
};

const isGone = (pid: number): boolean => {
  try {
    // An orphan that was killed may stay as a zombie until the container's init collects it.
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
};

describe.skipIf(process.platform === 'win32')('a hook that hangs', () => {
  test('is ended with all that it started, also if both do not want to', async () => {
    const { pids, error } = await hanging(
      `trap '' TERM; sh -c 'trap "" TERM; echo $$; while :; do sleep 0.1; done' & echo $$; wait; while :; do sleep 0.1; done`,
    );
    expect(error).toMatchObject({
      code: 'HOOK_FAILED',
      message: expect.stringContaining('did not end within 0.4 s'),
    });
    expect(pids).toHaveLength(2);
    await expect.poll(() => pids.map(isGone)).toEqual([true, true]);
  });

  test('is ended when the run is interrupted', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => controller.abort(reason), 100);
    const { pids, error } = await hanging('echo $$; sleep 60', controller.signal);
    expect(error).toBe(reason);
    await expect.poll(() => pids.map(isGone)).toEqual([true]);
  });

  test('is not waited for if it only left something behind', async () => {
    const began = performance.now();
    const { error } = await hanging('sleep 5 & exit 0');
    expect(error).toBeUndefined();
    expect(performance.now() - began).toBeLessThan(4000);
  });
});
