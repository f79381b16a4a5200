// Bootstrap: `npm start` and `npm test` land here on whatever Node (>= 20) the machine has. It installs the workspace
// with a pinned pnpm and then runs the task on the Node 24 that the workspace brings (node_modules/.bin/node).
// Plain JavaScript and no dependencies on purpose: nothing is installed yet when it starts.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const binFolder = join(root, 'node_modules', '.bin');
const pnpm = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager;
const windows = process.platform === 'win32';

const env = { TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' };
for (const [name, value] of Object.entries(process.env)) {
  // npm's own settings (npm_config_*, npm_package_*) would change how pnpm behaves.
  if (!/^npm_/i.test(name) && name !== 'PATH' && name !== 'Path') env[name] = value;
}
env.PATH = `${binFolder}${delimiter}${process.env.PATH ?? process.env.Path ?? ''}`;
// zlib and crypto work in libuv's pool; one thread per core measured best.
env.UV_THREADPOOL_SIZE ??= String((await import('node:os')).availableParallelism());

/** Runs a command and ends this process with its exit code if it fails. */
function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', env, shell: windows, ...options });
  if (result.error) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? (result.signal === 'SIGINT' ? 130 : 1));
}

/** Everything that decides what an install would do; unchanged since the last one means that it can be skipped. */
function manifestState() {
  const files = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', 'bench/package.json'];
  for (const group of ['packages', 'apps', 'internal', 'examples']) {
    if (!existsSync(join(root, group))) continue;
    for (const name of readdirSync(join(root, group))) files.push(join(group, name, 'package.json'));
  }
  return files
    .filter((file) => existsSync(join(root, file)))
    .map((file) => `${file} ${statSync(join(root, file)).mtimeMs}`)
    .join('\n');
}

function install() {
  const stamp = join(root, 'node_modules', '.quackup-installed');
  const state = manifestState();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === state) return;
  // stdout belongs to the task (`--json` must stay one document), so the installer talks on stderr.
  run('npx', ['--yes', '--prefer-offline', pnpm, 'install', '--frozen-lockfile', '--prefer-offline'], {
    stdio: ['ignore', 2, 2],
  });
  writeFileSync(stamp, state);
}

const [task, ...args] = process.argv.slice(2);
install();
const node = existsSync(join(binFolder, windows ? 'node.cmd' : 'node'))
  ? join(binFolder, 'node')
  : process.execPath;
// As the installed program's first line has it: see apps/cli/src/bin.ts.
const runNode = (script, ...rest) =>
  run(node, ['--max-semi-space-size=2', join(root, script), ...rest], {
    cwd: process.env.INIT_CWD ?? process.cwd(),
  });

switch (task) {
  case 'demo':
    if (args.length > 0) runNode('apps/cli/src/bin.ts', 'backup', ...args);
    else runNode('internal/demo/src/main.ts');
    break;
  case 'quackup':
    runNode('apps/cli/src/bin.ts', ...args);
    break;
  case 'bench':
    runNode('bench/src/main.ts', ...args);
    break;
  case 'bench-incremental':
    runNode('bench/src/incremental.ts', ...args);
    break;
  case 'bench-offsite':
    runNode('bench/src/offsite.ts', ...args);
    break;
  case 'bench-growth':
    runNode('bench/src/growth.ts', ...args);
    break;
  case 'bench-simulate':
    runNode('bench/src/simulate.ts', ...args);
    break;
  case 'impact':
    runNode('internal/stress/src/impact.ts', ...args);
    break;
  case 'rates':
    runNode('internal/stress/src/rates.ts', ...args);
    break;
  case 'stress':
    runNode('internal/stress/src/main.ts', ...args);
    break;
  case 'targets':
    runNode('internal/targets-table/src/main.ts', ...args);
    break;
  case 'test':
    // Hundreds of processes are started, most of them to run a single command: compiled code and stripped types are kept for all.
    env.NODE_COMPILE_CACHE ??= join(root, 'node_modules', '.cache', 'compiled');
    // Of a run that is killed no older report is to be counted.
    rmSync(join(root, 'test-results'), { recursive: true, force: true });
    run(node, [
      join(root, 'node_modules', 'vitest', 'vitest.mjs'),
      'run',
      '--config',
      'vitest.all.config.ts',
      ...args,
    ]);
    break;
  case 'check':
    runNode('scripts/check.mjs', ...args);
    break;
  default:
    console.error(`run.mjs: unknown task "${task}"`);
    process.exit(2);
}
