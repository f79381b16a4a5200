// Everything that CI checks besides the tests: format, lint, types, dead code, and the packages as they would be published.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pnpm = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager;
let passed = 0;
let failed = 0;

function check(name, command, args, cwd = root) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status === 0) {
    passed += 1;
    console.log(`ok      ${name}`);
    return;
  }
  failed += 1;
  console.log(`FAILED  ${name}\n${stdout}${stderr}`);
}

check('format', 'oxfmt', ['--check']);
check('lint', 'oxlint', ['--deny-warnings']);
check('dead code', 'knip', []);
for (const group of ['packages', 'apps', 'internal']) {
  for (const folder of readdirSync(join(root, group)))
    check(`types of ${join(group, folder)}`, 'tsc', ['-p', join(root, group, folder)]);
}
check('types of bench', 'tsc', ['-p', join(root, 'bench')]);

const packed = mkdtempSync(join(tmpdir(), 'quackup-pack-'));
try {
  for (const folder of [
    ...readdirSync(join(root, 'packages')).map((name) => join('packages', name)),
    join('apps', 'cli'),
  ]) {
    const cwd = join(root, folder);
    check(`build of ${folder}`, 'tsc', ['-p', 'tsconfig.build.json'], cwd);
    check(
      `pack of ${folder}`,
      'npx',
      ['--yes', '--prefer-offline', pnpm, 'pack', '--pack-destination', packed],
      cwd,
    );
  }
  for (const tarball of readdirSync(packed)) {
    check(`publint of ${tarball}`, 'publint', ['run', join(packed, tarball), '--strict']);
    check(`attw of ${tarball}`, 'attw', [join(packed, tarball), '--profile', 'esm-only']);
  }
} finally {
  rmSync(packed, { recursive: true, force: true });
}
console.log(`checks: ${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
