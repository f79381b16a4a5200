import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { BenchDatabase } from '@quackup/fixtures';
import { z } from 'zod';

import { type ProcessOptions, runProcess } from './run-process.ts';

const facts: z.ZodType<BenchDatabase> = z.object({
  path: z.string(),
  bytes: z.int(),
  freeBytes: z.int(),
  flights: z.int(),
});

/**
 * The database of at least so many bytes that is kept in `folder`, built if it is not there or is not whole. Beside it
 * lies what is known of it, written last.
 *
 * @throws as {@link runProcess}.
 */
export async function benchDatabase(
  folder: string,
  bytes: number,
  options: ProcessOptions,
): Promise<BenchDatabase> {
  const path = join(folder, `flights-${bytes}.duckdb`);
  const known = await readKnown(path);
  if (known !== undefined) return known;
  await rm(`${path}.json`, { force: true });
  const unfinished = `${path}.unfinished`;
  try {
    const script = fileURLToPath(new URL('../child/build-database.ts', import.meta.url));
    const { stdout } = await runProcess(process.execPath, [script, unfinished, String(bytes)], options);
    const built = { ...facts.parse(JSON.parse(stdout)), path };
    await rename(unfinished, path);
    await writeFile(`${path}.json`, JSON.stringify(built));
    return built;
  } finally {
    for (const ending of ['', '.wal']) await rm(unfinished + ending, { force: true });
  }
}

async function readKnown(path: string): Promise<BenchDatabase | undefined> {
  try {
    const known = facts.parse(JSON.parse(await readFile(`${path}.json`, 'utf8')));
    const { size } = await stat(path);
    return size === known.bytes && known.path === path ? known : undefined;
  } catch {
    // Not there, or not written to its end: it is built anew.
    return undefined;
  }
}
