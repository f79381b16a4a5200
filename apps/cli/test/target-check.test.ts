import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { conformanceCases, MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import { afterAll, expect, test } from 'vitest';

import { probeConformance } from '../src/lib/target-check/probe-conformance.ts';
import { runIn } from './support/run-in.ts';

const TIMEOUT = { timeout: 400_000 };
// Hundreds of objects are synced in no time where there is no disk.
const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const folder = mkdtempSync(join(parent, 'quackup-target-check-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const addressOf = (name: string): string =>
  JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../../packages', name, 'src/index.ts')).href);

/** A third party's target that keeps objects in this process; `change` makes it break the contract. */
function writeTarget(name: string, change: string): void {
  writeFileSync(
    join(folder, `${name}.mjs`),
    `import { defineTarget } from ${addressOf('target-api')};
     import { MemoryStore, MemoryTarget } from ${addressOf('target-testkit')};
     const store = new MemoryStore();
     store.set('mine', new Uint8Array(3));
     globalThis[Symbol.for(${JSON.stringify(name)})] = store;
     class Changed extends MemoryTarget { ${change} }
     export const target = defineTarget({
       type: 'memory',
       optionsSchema: { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } },
       secretOptions: [],
       open: async () => new Changed({ store, capabilities: { putIfMatch: false } }),
     });`,
  );
  writeFileSync(join(folder, 'quackup.yaml'), `targets: { mine: { type: ./${name}.mjs } }\n`);
}

function storeOf(name: string): MemoryStore {
  // The module has put it there.
  return (globalThis as unknown as Record<symbol, MemoryStore>)[Symbol.for(name)] ?? new MemoryStore();
}

interface Answer {
  readonly targets: readonly {
    readonly ok: boolean;
    readonly capabilities: object;
    readonly conformance: {
      readonly ok: boolean;
      readonly groups: readonly { group: string; passed: number; failed: number; notApplicable: number }[];
      readonly failures: readonly { id: string; essential: boolean; message: string }[];
      readonly notApplicable: readonly { id: string; reason: string }[];
      readonly leftBehind: readonly string[];
    } | null;
  }[];
}

async function check(
  ...args: readonly string[]
): Promise<{ status: number; target: Answer['targets'][0] | undefined }> {
  const { status, stdout } = await runIn(folder, ['target', 'check', 'mine', '--json', ...args]);
  return { status, target: (JSON.parse(stdout) as Answer).targets[0] };
}

test('a folder passes, and nothing is left in it', TIMEOUT, async () => {
  writeFileSync(join(folder, 'quackup.yaml'), 'targets: { mine: { type: local, path: ./backups } }\n');
  const { status, stdout, stderr } = await runIn(folder, ['target', 'check', 'mine']);
  expect(status, stdout).toBe(0);
  expect(stdout).toMatch(/^ {2}OK {5}if-absent: \d+ cases$/m);
  expect(stdout).toContain('  can: put an object only if there is none\n');
  expect(stdout).toContain('  cannot: put an object only if it is still the same\n');
  expect(stderr).toMatch(/^mine: put, \d+ cases$/m);
  const left = readdirSync(join(folder, 'backups'), { recursive: true });
  expect(left.filter((name) => !['.tmp', 'leases'].includes(String(name)))).toEqual([]);
});

test('what the target denies is counted apart, and what was there before stays', TIMEOUT, async () => {
  writeTarget('good', '');
  const { status, target } = await check();
  expect(status).toBe(0);
  const { groups = [], notApplicable = [], failures } = target?.conformance ?? {};
  expect(failures).toEqual([]);
  expect(notApplicable.map(({ id }) => id)).toContain('if-match.replaces');
  expect(groups.find(({ group }) => group === 'if-match')).toMatchObject({ passed: 1, failed: 0 });
  const counted = groups.reduce((sum, each) => sum + each.passed + each.notApplicable, 0);
  // Groups of which nothing applies are not among them.
  expect(counted).toBeLessThanOrEqual(conformanceCases.filter(({ safe }) => safe).length);
  expect([...storeOf('good').objects.keys()]).toEqual(['mine']);
});

test('one that breaks what backups need ends with 1, names the case and cleans up', TIMEOUT, async () => {
  writeTarget(
    'broken',
    'async put(key, body, options = {}) { return super.put(key, body, { ...options, condition: undefined }); }',
  );
  const { status, target } = await check();
  expect(status).toBe(1);
  // The probe object finds that much already.
  expect(target).toMatchObject({ ok: false, conformance: null });
  writeTarget(
    'half',
    'async *list(options) { let n = 0; for await (const info of super.list(options)) if (++n < 100) yield info; }',
  );
  const half = await check();
  expect(half.status).toBe(1);
  expect(half.target?.conformance?.failures).toContainEqual(
    expect.objectContaining({ id: 'list.pages', essential: true, message: expect.stringContaining('keys') }),
  );
  expect([...storeOf('half').objects.keys()]).toEqual(['mine']);
  const { stdout } = await runIn(folder, ['target', 'check', 'mine']);
  expect(stdout).toMatch(/^ {2}FAILED list: \d+ of \d+ cases$/m);
  expect(stdout).toMatch(/^ {2}list\.pages: list: all objects, exactly once; paging is hidden$/m);
});

test('what no backup depends on is told and does not fail', TIMEOUT, async () => {
  writeTarget('rude', 'close() { return Promise.resolve(); }');
  const { status, target } = await check();
  expect(status).toBe(0);
  const { failures = [] } = target?.conformance ?? {};
  expect(failures.map(({ id }) => id)).toContain('close.later-get');
  expect(failures.every(({ essential }) => !essential)).toBe(true);
});

test('what cannot be removed is named, and counts as failed', TIMEOUT, async () => {
  writeTarget('locked', 'async delete(key) { if (!key.startsWith("probe_")) return super.delete(key); }');
  const { status, target } = await check();
  expect(status).toBe(1);
  expect(target?.conformance?.leftBehind.length).toBeGreaterThan(10);
  const strangers = [...storeOf('locked').objects.keys()].filter((key) => !/^probe_[0-9a-f]{16}\//.test(key));
  expect(strangers).toEqual(['mine']);
});

test('where nothing may be removed only a probe object is tried', async () => {
  writeFileSync(
    join(folder, 'quackup.yaml'),
    'targets: { mine: { type: local, path: ./kept, access: append-only } }\n',
  );
  const { status, stdout, stderr } = await runIn(folder, ['target', 'check', 'mine', '--json']);
  expect(status).toBe(0);
  expect((JSON.parse(stdout) as Answer).targets[0]).toMatchObject({ ok: true, conformance: null });
  expect(stderr).toContain('with access "append-only" nothing could be removed');
});

test('--quick only tries a probe object', async () => {
  writeTarget('quick', '');
  const { status, target } = await check('--quick');
  expect(status).toBe(0);
  expect(target).toMatchObject({ ok: true, conformance: null });
});

test('a run that is interrupted leaves nothing', async () => {
  const store = new MemoryStore();
  const controller = new AbortController();
  const reason = new Error('interrupted');
  const running = probeConformance({
    open: async () => new MemoryTarget({ store }),
    secrets: [],
    signal: controller.signal,
    onGroup: (group) => {
      // In the middle of a case of that group.
      if (group === 'list') setImmediate(() => controller.abort(reason));
    },
  });
  await expect(running).rejects.toBe(reason);
  expect([...store.objects.keys()]).toEqual([]);
});
