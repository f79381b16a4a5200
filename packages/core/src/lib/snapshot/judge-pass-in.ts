import type { DatabaseReader } from './database-reader.ts';
import { judgeEnd, judgeNow, type OpenPass, type PassOutcome } from './pass.ts';
import { settle, type SettleOptions } from './settle.ts';

/**
 * Judges a pass over a database in use whose last block has just been read, and waits for what proves it where the files
 * alone do not.
 */
export async function judgePassIn(
  reader: DatabaseReader,
  pass: OpenPass,
  options: SettleOptions,
): Promise<PassOutcome> {
  const verdict = await judgeNow(reader, pass, options.rules);
  if (verdict.verdict === 'accept') return 'accepted';
  if (verdict.verdict === 'reject') return { reason: verdict.reason };
  if (verdict.verdict === 'if-quiet' && pass.blocks.use !== undefined) {
    return settle(reader, pass, pass.blocks.use, options);
  }
  return judgeEnd(reader, pass, { held: true, rules: options.rules, signal: options.signal });
}
