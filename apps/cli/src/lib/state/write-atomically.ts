import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';

/** Replaces a file as a whole: whoever reads it finds the old text or the new one, never a part. */
export async function writeAtomically(
  path: string,
  text: string,
  { mode = 0o600 }: { readonly mode?: number } = {},
): Promise<void> {
  const whole = `${path}.${randomUUID()}.new`;
  try {
    await writeFile(whole, text, { mode, flush: true });
    await rename(whole, path);
  } catch (error) {
    await rm(whole, { force: true });
    throw error;
  }
}
