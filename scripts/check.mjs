// Everything that CI checks besides the tests: format, lint, types, dead code, and the packages as they would be published.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pnpm = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager;
let passed = 0;
let failed = 0;

/** A command that must succeed: what to call it, what to run, and in which folder. */
const check = (name, command, args, cwd = root) => ({ name, command, args, cwd });

/** Runs checks, one for each core at a time; each is reported as soon as it is known. */
async function runAll(checks) {
  const waiting = [...checks];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await run(next);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
}

function run({ name, command, args, cwd }) {
  return new Promise((resolve) => {
    execFile(
      command,
      args,
      { cwd, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error === null) passed += 1;
        else failed += 1;
        console.log(
          error === null ? `ok      ${name}` : `FAILED  ${name}\n${stdout}${stderr || error.message}`,
        );
        resolve();
      },
    );
  });
}

const foldersIn = (...groups) =>
  groups.flatMap((group) => readdirSync(join(root, group)).map((name) => join(group, name)));
const published = [...foldersIn('packages'), join('apps', 'cli'), join('examples', 'target-sftp')];

/** A task of every package that has it, in the order of their dependencies; what has not changed since the last time is not done again. */
const turbo = (name, task) =>
  check(name, 'npx', ['--yes', '--prefer-offline', pnpm, 'exec', 'turbo', 'run', task, ...TURBO_OPTIONS]);
const TURBO_OPTIONS = [
  '--continue=always',
  '--output-logs=errors-only',
  `--concurrency=${availableParallelism()}`,
];

await runAll([
  check('format', 'oxfmt', ['--check']),
  check('lint', 'oxlint', ['--deny-warnings']),
  check('dead code', 'knip', []),
]);
await runAll([turbo('types', 'typecheck')]);

const packed = mkdtempSync(join(tmpdir(), 'quackup-pack-'));
try {
  await runAll([turbo('build', 'build')]);
  const pack = ['--yes', '--prefer-offline', pnpm, 'pack', '--pack-destination', packed];
  await runAll(published.map((folder) => check(`pack of ${folder}`, 'npx', pack, join(root, folder))));
  await runAll(
    readdirSync(packed).flatMap((tarball) => [
      check(`publint of ${tarball}`, 'publint', ['run', join(packed, tarball), '--strict']),
      check(`attw of ${tarball}`, 'attw', [join(packed, tarball), '--profile', 'esm-only']),
    ]),
  );
} finally {
  rmSync(packed, { recursive: true, force: true });
}
console.log(`checks: ${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
