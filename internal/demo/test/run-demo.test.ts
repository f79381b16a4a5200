import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runSql } from '@quackup/fixtures';
import { expect, test } from 'vitest';

import { demoPlaces } from '../src/lib/demo-places.ts';
import { runDemo } from '../src/lib/run-demo.ts';
import { tempFolder } from './temp-folder.ts';

interface Run {
  readonly code: number;
  readonly said: string;
}

async function demo(folder: string, cli?: string): Promise<Run> {
  const lines: string[] = [];
  const code = await runDemo(demoPlaces(folder, 'demo'), {
    say: (line) => lines.push(line),
    colors: false,
    childOutput: 'ignore',
    flights: 20_000,
    ...(cli === undefined ? {} : { cli }),
  });
  return { code, said: lines.join('\n') };
}

/** A command line that says that all went well, and on `restore` copies nothing or something else. */
async function pretendedCli(folder: string, onRestore: string): Promise<string> {
  const path = join(folder, 'cli.mjs');
  await writeFile(
    path,
    `import { cpSync } from 'node:fs'; import { join, dirname } from 'node:path';
    const [command, ...args] = process.argv.slice(2);
    const folder = dirname(args[args.indexOf('--config') + 1]);
    const copyAll = () => cpSync(join(folder, 'data'), join(folder, 'restored'), { recursive: true });
    if (command === 'restore') { ${onRestore} }`,
  );
  return path;
}

test('the demo succeeds, and again with what the first run left behind', async () => {
  await using folder = await tempFolder();
  const first = await demo(folder.path);
  expect(first.said).toContain('results.duckdb: 4 tables');
  expect(first.said).toMatch(/audit_trail\.duckdb: commits 1 to [\d,]+, whole and without a gap/);
  expect(first.said).toContain('audit_trail.duckdb: table main.events, 40,000 rows, all equal to the source');
  expect(first.said).not.toContain('FAILED');
  expect(first.code).toBe(0);

  // Nobody holds the written database any more.
  await runSql(join(folder.path, 'data', 'audit_trail.duckdb'), ['SELECT 1']);
  const second = await demo(folder.path);
  expect(second.code).toBe(0);
  expect(existsSync(join(folder.path, 'restored', 'tca.duckdb'))).toBe(true);
});

test('a command that fails ends the demo with a failure, and the writer with it', async () => {
  await using folder = await tempFolder();
  const cli = join(folder.path, 'cli.mjs');
  await writeFile(cli, `process.exitCode = process.argv[2] === 'verify' ? 3 : 0;`);
  const { code, said } = await demo(folder.path, cli);
  expect(code).toBe(1);
  expect(said).toContain('FAILED quackup verify ended with exit code 3');
  expect(said).not.toContain('quackup restore');
  await runSql(join(folder.path, 'data', 'audit_trail.duckdb'), ['SELECT 1']);
});

test('commands that succeed without having restored anything do not pass', async () => {
  await using folder = await tempFolder();
  const { code, said } = await demo(folder.path, await pretendedCli(folder.path, ''));
  expect(code).toBe(1);
  expect(said).toMatch(/FAILED results\.duckdb/);
  expect(said).toMatch(/FAILED audit_trail\.duckdb/);
  expect(said).not.toContain('Next:');
});

test('a restore of the wrong moment does not pass: commits that came after the backup', async () => {
  await using folder = await tempFolder();
  // Waits for the writer to go on, then copies what is there now.
  const late = `await new Promise((resolve) => setTimeout(resolve, 500)); copyAll();`;
  const { code, said } = await demo(folder.path, await pretendedCli(folder.path, late));
  expect(code).toBe(1);
  expect(said).toMatch(/FAILED audit_trail\.duckdb/);
  expect(said).toMatch(/ok +results\.duckdb: 4 tables/);
});

test('a configuration that is there is kept', async () => {
  await using folder = await tempFolder();
  const config = join(folder.path, 'quackup.yaml');
  await mkdir(folder.path, { recursive: true });
  await writeFile(config, '# mine\n');
  await demo(folder.path, await pretendedCli(folder.path, ''));
  expect(await readFile(config, 'utf8')).toBe('# mine\n');
});
