import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { compareFiles } from '../src/lib/compare-files.ts';
import { findGnuTime } from '../src/lib/find-programs.ts';
import { measure, type MeasureOptions } from '../src/lib/measure.ts';
import { type ProcessOptions, runProcess } from '../src/lib/run-process.ts';
import { tempFolder } from './temp-folder.ts';

const options = (cwd: string, more: Partial<ProcessOptions> = {}): ProcessOptions => ({
  cwd,
  env: { PATH: process.env['PATH'] ?? '' },
  limitSeconds: 60,
  signal: new AbortController().signal,
  ...more,
});

const measuring = async (cwd: string): Promise<MeasureOptions> => ({
  ...options(cwd),
  timeProgram: await findGnuTime(options(cwd)),
  scratch: cwd,
});

test('a process that takes too long is killed with its children', async () => {
  await using folder = await tempFolder();
  // The grandchild holds stdout open: the promise settles only if it is killed as well.
  const script = 'sleep 1000 & echo $! > pid; wait';
  await expect(runProcess('sh', ['-c', script], options(folder.path, { limitSeconds: 0.5 }))).rejects.toThrow(
    'took more than 0.5 s',
  );
  const pid = Number(await readFile(join(folder.path, 'pid'), 'utf8'));
  await expect(readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).resolves.toBe('');
});

test('an interruption kills the process and passes its reason on', async () => {
  await using folder = await tempFolder();
  const interruption = new AbortController();
  const run = runProcess('sleep', ['1000'], {
    ...options(folder.path),
    signal: interruption.signal,
    onStart: () => interruption.abort(new Error('enough')),
  });
  await expect(run).rejects.toThrow('enough');
});

test('a process that fails says how and what it wrote to stderr', async () => {
  await using folder = await tempFolder();
  const run = runProcess('sh', ['-c', 'echo because >&2; exit 3'], options(folder.path));
  await expect(run).rejects.toThrow(/exit code 3\nbecause/);
});

test('the stages of a pipeline are connected, and memory and CPU time of all of them are counted', async () => {
  await using folder = await tempFolder();
  const hungry =
    "const b = Buffer.alloc(200e6, 1); process.stdout.write(String(b.length) + ' ' + process.argv[1])";
  const usage = await measure(
    [
      [process.execPath, '-e', hungry, "it's"],
      ['sh', '-c', 'cat > "$1"', 'sh', 'out put'],
    ],
    await measuring(folder.path),
  );
  expect(await readFile(join(folder.path, 'out put'), 'utf8')).toBe("200000000 it's");
  expect(usage.peakBytes).toBeGreaterThan(200e6);
  expect(usage.peakBytes).toBeLessThan(400e6);
  expect(usage.cpuSeconds).toBeGreaterThan(0);
  expect(usage.wallSeconds).toBeGreaterThan(0);
  expect(await readdir(folder.path)).toEqual(['out put']);
});

test('two processes of one stage that hold memory at once are added up', async () => {
  await using folder = await tempFolder();
  // Both are alive, each with its memory, for a second: twenty looks.
  const hungry = 'const b = Buffer.alloc(150e6, 1); setTimeout(() => b.length, 1000)';
  const both = '"$0" -e "$1" & "$0" -e "$1"; wait';
  const usage = await measure([['sh', '-c', both, process.execPath, hungry]], await measuring(folder.path));
  expect(usage.peakBytes).toBeGreaterThan(300e6);
});

test('a pipeline fails if any of its stages does, not only the last', async () => {
  await using folder = await tempFolder();
  const run = measure([['sh', '-c', 'exit 4'], ['cat']], await measuring(folder.path));
  await expect(run).rejects.toThrow('exit code 4');
});

const block = (id: number): number => 12_288 + id * 262_144;

test('a copy may have zeros where its source has something, and that is counted; nothing else goes unseen', async () => {
  await using folder = await tempFolder();
  const [source, copy] = [join(folder.path, 'source'), join(folder.path, 'copy')];
  const bytes = Buffer.alloc(12_288 + 5 * 262_144, 7);
  const compare = async (change: (copied: Buffer) => Buffer): ReturnType<typeof compareFiles> => {
    await writeFile(source, bytes);
    await writeFile(copy, change(Buffer.from(bytes)));
    return await compareFiles(source, copy);
  };
  expect(await compare((copied) => copied)).toEqual({ zeroedBytes: 0, wrongAt: undefined });
  expect(await compare((copied) => copied.fill(0, block(2), block(3)))).toEqual({
    zeroedBytes: 262_144,
    wrongAt: undefined,
  });
  expect((await compare((copied) => copied.fill(8, block(4) + 100, block(4) + 101))).wrongAt).toBe(block(4));
  expect((await compare((copied) => copied.fill(0, block(4), block(4) + 100))).wrongAt).toBe(block(4));
  expect((await compare((copied) => copied.subarray(0, -1))).wrongAt).toBe(bytes.length - 1);
});
