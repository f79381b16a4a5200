/**
 * The seal of a manifest, the same in every version of the format: the text ends with the line `  "sha256": "<64 hex digits>"`
 * and `}`; the digits are the SHA-256 of the whole text with those digits replaced by zeros.
 */
import { createHash } from 'node:crypto';

import { QuackupError } from '../errors.ts';

/**
 * Bytes that a manifest may have: a plain one stays a few KB at any database size, and a thousand databases still fit. An
 * encrypted one holds the same in Base64.
 */
export const MAX_MANIFEST_BYTES: number = 4 * 1024 * 1024;

const SEAL = /"sha256": "([0-9a-f]{64})"\n\}\n$/;
const ZEROS = '0'.repeat(64);

const sealOf = (unsealed: string): string => createHash('sha256').update(unsealed).digest('hex');

/**
 * @returns the text of a manifest.
 * @throws QuackupError `BACKUP_FAILED` if it is longer than what is read again.
 */
export function sealText(content: object, name: string): string {
  const unsealed = `${JSON.stringify({ ...content, sha256: ZEROS }, null, 2)}\n`;
  if (Buffer.byteLength(unsealed) > MAX_MANIFEST_BYTES) {
    throw new QuackupError(
      'BACKUP_FAILED',
      `the manifest of ${name} has more than ${MAX_MANIFEST_BYTES} bytes`,
      { hint: 'back fewer databases up in one backup' },
    );
  }
  return unsealed.replace(SEAL, `"sha256": "${sealOf(unsealed)}"\n}\n`);
}

/** Whether a text is as it was when it was sealed. */
export function isSealed(text: string): boolean {
  const seal = SEAL.exec(text);
  return seal !== null && sealOf(text.replace(SEAL, `"sha256": "${ZEROS}"\n}\n`)) === seal[1];
}
