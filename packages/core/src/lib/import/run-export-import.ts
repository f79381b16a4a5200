import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import { QuackupError } from '../errors.ts';

const resultSchema = z.object({ engine: z.string(), intervalColumns: z.array(z.string()) });
const errorSchema = z.object({ error: z.string() });

/** The child's script: TypeScript in the repository, JavaScript in the package. */
const CHILD = fileURLToPath(
  new URL(`./import-export-child${extname(fileURLToPath(import.meta.url))}`, import.meta.url),
);
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

/**
 * Loads an export into a new database file, in a child process that knows nothing of this one's environment.
 *
 * @param copied The folder that DuckDB may use; a copy of `folder`, which is only named in messages.
 * @throws IMPORT_REFUSED if DuckDB does not load it, or the process that tried did not survive it.
 */
export async function runExportImport(
  copied: string,
  database: string,
  { folder, signal }: { readonly folder: string; readonly signal?: AbortSignal | undefined },
): Promise<z.infer<typeof resultSchema>> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', CHILD, copied, database], {
    cwd: copied,
    env: {},
    stdio: ['ignore', 'pipe', 'ignore'],
    ...(signal ? { signal, killSignal: 'SIGKILL' as const } : {}),
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    output = (output + piece).slice(0, MAX_OUTPUT_BYTES);
  });
  let exitCode: number | null;
  let exitSignal: string | null;
  try {
    [exitCode, exitSignal] = (await once(child, 'close')) as [number | null, string | null];
  } catch (error) {
    signal?.throwIfAborted();
    throw new QuackupError('SCAN_FAILED', `${folder} was not loaded: the process could not be started`, {
      cause: error,
    });
  }
  const answer = parseLine(output);
  const result = resultSchema.safeParse(answer);
  if (exitCode === 0 && result.success) return result.data;
  const told = errorSchema.safeParse(answer);
  const end = exitSignal === null ? `exit code ${exitCode}` : `signal ${exitSignal}`;
  throw new QuackupError(
    'IMPORT_REFUSED',
    told.success
      ? `DuckDB does not load ${folder}: ${told.data.error.replaceAll(copied, folder)}`
      : `the process that loaded ${folder} ended with ${end}`,
    {
      hint: 'IMPORT DATABASE fails where a view or macro uses what comes later in schema.sql, or an extension is needed: correct a copy of it, or load it by hand and import the database file',
    },
  );
}

function parseLine(output: string): unknown {
  try {
    return JSON.parse(output);
  } catch {
    return undefined;
  }
}
