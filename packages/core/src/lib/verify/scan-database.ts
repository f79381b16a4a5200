import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import type { ScannedDatabase } from '../api.ts';
import { QuackupError } from '../errors.ts';

const resultSchema = z.object({
  engine: z.string(),
  tables: z.array(
    z.object({
      schema: z.string(),
      table: z.string(),
      rows: z.number(),
      contentHash: z.string(),
      sizeBytes: z.number().exactOptional(),
    }),
  ),
});

/** The child's script: TypeScript in the repository, JavaScript in the package. */
const CHILD = fileURLToPath(
  new URL(`./scan-child${extname(fileURLToPath(import.meta.url))}`, import.meta.url),
);
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/**
 * Opens a database that may be damaged, in a child process, and reads all of it. The file is opened for writing, since
 * some WALs can only be replayed that way: give it a copy.
 *
 * @throws BACKUP_DAMAGED if it cannot be opened or read, or if the process that tried did not survive it.
 * @throws SCAN_FAILED if the child could not be started.
 */
export async function scanDatabase(
  path: string,
  { name, signal }: { readonly name: string; readonly signal?: AbortSignal | undefined },
): Promise<ScannedDatabase> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', CHILD, path], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal ? { signal, killSignal: 'SIGKILL' as const } : {}),
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(0, MAX_OUTPUT_BYTES);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-2000);
  });
  let exitCode: number | null;
  let exitSignal: string | null;
  try {
    [exitCode, exitSignal] = (await once(child, 'close')) as [number | null, string | null];
  } catch (error) {
    signal?.throwIfAborted();
    throw new QuackupError('SCAN_FAILED', `${name} was not scanned: the process could not be started`, {
      cause: error,
    });
  }
  const result = resultSchema.safeParse(parseLine(output));
  if (exitCode === 0 && result.success) return { name, ...result.data };
  const message = (parseLine(output) as { error?: string } | undefined)?.error;
  if (message !== undefined)
    throw new QuackupError('BACKUP_DAMAGED', `DuckDB cannot read ${name}: ${message}`);
  const end = exitSignal === null ? `exit code ${exitCode}` : `signal ${exitSignal}`;
  throw new QuackupError(
    'BACKUP_DAMAGED',
    `the process that read ${name} ended with ${end}: ${errors.trim().split('\n').at(-1) ?? ''}`,
  );
}

function parseLine(output: string): unknown {
  try {
    return JSON.parse(output);
  } catch {
    return undefined;
  }
}
