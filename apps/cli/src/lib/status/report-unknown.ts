import type { CliIo } from '../cli-io.ts';
import type { ErrorReport } from '../render/error.ts';
import { STATES } from './judge-status.ts';
import { plain } from './render-status.ts';

/** An error, as a monitoring plugin says that it does not know. @returns the exit code. */
export function reportUnknown(
  { code, message, hint }: ErrorReport,
  argv: readonly string[],
  { stdout }: Pick<CliIo, 'stdout'>,
): number {
  const error = { code, message, hint: hint ?? null };
  stdout.write(
    argv.includes('--json')
      ? `${JSON.stringify({ error }, null, 2)}\n`
      : `QUACKUP UNKNOWN - ${plain(`${code}: ${message}`)}\n${hint === undefined ? '' : `try: ${plain(hint)}\n`}`,
  );
  return STATES.unknown;
}
