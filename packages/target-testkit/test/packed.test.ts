/** The kit as whoever writes a target gets it: packed, installed in a project of its own, with a runner of their choice. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { conformanceCases } from '../src/index.ts';

const PACKAGES = join(import.meta.dirname, '..', '..');
const ROOT = join(PACKAGES, '..');
const BIN = join(ROOT, 'node_modules', '.bin');

interface Run {
  readonly code: number;
  readonly output: string;
}

async function run(cwd: string, command: string, ...args: readonly string[]): Promise<Run> {
  // As from a shell: the settings of the npm that started this run are not for another one.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(?:npm_|VITEST|NODE_ENV|NODE_OPTIONS|NODE_TEST)/i.test(name),
    ),
  );
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, {
      cwd,
      env,
      maxBuffer: 64 * 1024 * 1024,
    });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string };
    return { code: typeof code === 'number' ? code : 1, output: `${String(error)}\n${stdout}${stderr}` };
  }
}

async function well(cwd: string, command: string, ...args: readonly string[]): Promise<string> {
  const { code, output } = await run(cwd, command, ...args);
  expect(code, output).toBe(0);
  return output;
}

let project = '';
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'quackup-foreign-'));
  const { packageManager } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    packageManager: string;
  };
  for (const name of ['target-api', 'target-testkit']) {
    const folder = join(PACKAGES, name);
    await well(folder, join(BIN, 'tsc'), '-p', 'tsconfig.build.json');
    const packed = join(project, 'packed', name);
    await mkdir(packed, { recursive: true });
    const pack = [
      '--yes',
      '--prefer-offline',
      packageManager,
      'pack',
      '--json',
      '--pack-destination',
      packed,
    ];
    const { filename } = JSON.parse(await well(folder, 'npx', ...pack)) as { filename: string };
    const installed = join(project, 'node_modules', '@quackup', name);
    await mkdir(installed, { recursive: true });
    await well(packed, 'tar', '-xzf', filename, '-C', installed, '--strip-components=1');
  }
  // What npm would bring from the registry.
  await link(
    join(PACKAGES, 'target-api', 'node_modules', '@standard-schema', 'spec'),
    '@standard-schema/spec',
  );
  await link(join(PACKAGES, 'target-testkit', 'node_modules', 'vitest'), 'vitest');
  await link(join(ROOT, 'node_modules', '@types', 'node'), '@types/node');
  await writeFile(join(project, 'package.json'), '{ "name": "foreign", "type": "module" }');
  await mkdir(join(project, 'test'));
  await writeFile(join(project, 'target.ts'), TARGET);
  await writeFile(join(project, 'test', 'good.node.ts'), NODE_TEST.replace('BROKEN', 'false'));
  await writeFile(join(project, 'test', 'broken.node.ts'), NODE_TEST.replace('BROKEN', 'true'));
  await writeFile(join(project, 'test', 'kit.test.ts'), VITEST);
  await writeFile(join(project, 'tsconfig.json'), TSCONFIG);
});
afterAll(() => rm(project, { recursive: true, force: true }));

async function link(from: string, name: string): Promise<void> {
  const to = join(project, 'node_modules', name);
  await mkdir(dirname(to), { recursive: true });
  await symlink(from, to, 'junction');
}

const TARGET = `
import type { ObjectInfo } from '@quackup/target-api';
import { MemoryStore, MemoryTarget } from '@quackup/target-testkit';

const store = new MemoryStore();

export class AcmeTarget extends MemoryTarget {
  constructor(broken: boolean) {
    super({ store });
    if (broken) this.stat = async (): Promise<ObjectInfo | undefined> => undefined;
  }
}
`;

const NODE_TEST = `
import { test } from 'node:test';
import { conformanceCases, runCase } from '@quackup/target-testkit';
import { AcmeTarget } from '../target.ts';

for (const testCase of conformanceCases) {
  test(\`\${testCase.id}: \${testCase.sentence}\`, async (t) => {
    const result = await runCase(testCase, { open: async () => new AcmeTarget(BROKEN) });
    if (result.status === 'not-applicable') t.skip(result.reason);
    if (result.status === 'failed') throw result.error;
  });
}
`;

const VITEST = `
import { describeTarget } from '@quackup/target-testkit/vitest';
import { AcmeTarget } from '../target.ts';

describeTarget('AcmeTarget', { open: async () => new AcmeTarget(false) });
describeTarget('broken', { open: async () => new AcmeTarget(true) });
`;

const TSCONFIG = JSON.stringify({
  compilerOptions: {
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable'],
    types: ['node'],
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    // What vitest itself declares is not ours to check.
    skipLibCheck: true,
  },
  include: ['target.ts', 'test'],
});

const TIMEOUT = { timeout: 400_000 };

/** What a TAP report ends with: `# pass 12`. */
const count = (output: string, what: string): number =>
  Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(output)?.[1]);

it('brings types that a strict project can use', TIMEOUT, async () => {
  await well(project, join(BIN, 'tsc'), '-p', '.');
});

it('runs with node:test, and fails there for a broken target', TIMEOUT, async () => {
  const args = ['--test', '--test-reporter=tap'];
  const good = await well(project, process.execPath, ...args, 'test/good.node.ts');
  expect(count(good, 'fail')).toBe(0);
  expect(count(good, 'skipped')).toBeGreaterThan(0);
  expect(count(good, 'pass') + count(good, 'skipped')).toBe(conformanceCases.length);
  const broken = await run(project, process.execPath, ...args, 'test/broken.node.ts');
  expect(broken.code).toBe(1);
  expect(broken.output).toMatch(/^not ok \d+ - stat\.info: /m);
  expect(broken.output).toMatch(/^ok \d+ - list\.order: /m);
});

it('runs with vitest, and fails there for a broken target', TIMEOUT, async () => {
  const report = join(project, 'report.json');
  const vitest = join(project, 'node_modules', 'vitest', 'vitest.mjs');
  const args = ['run', '--root', project, '--reporter=json', `--outputFile=${report}`];
  const { code, output } = await run(project, process.execPath, vitest, ...args);
  expect(code, output).toBe(1);
  const { testResults } = JSON.parse(await readFile(report, 'utf8')) as {
    testResults: { assertionResults: { fullName: string; status: string }[] }[];
  };
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  expect(tests.length).toBe(2 * conformanceCases.length);
  const failed = tests.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName);
  expect(failed.filter((name) => !name.startsWith('broken'))).toEqual([]);
  expect(failed.some((name) => name.includes('stat.info'))).toBe(true);
});
