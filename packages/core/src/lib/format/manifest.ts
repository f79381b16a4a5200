/**
 * The manifest: a small JSON object beside the archive, written last. A backup exists exactly when its manifest does.
 *
 * The text ends with the line `  "sha256": "<64 hex digits>"` and `}`; the digits are the SHA-256 of the whole text
 * with those digits replaced by zeros. So any change to a stored manifest is noticed, whoever reads it. This much of
 * the format is the same in every version: a reader first learns whether the text is whole, then whether it is too new.
 */
import { createHash } from 'node:crypto';

import { z } from 'zod';

import { QuackupError } from '../errors.ts';
import {
  archiveReference,
  compressionSchema,
  databaseEntry,
  describeIssues,
  failedDatabase,
  fields,
  FORMAT_VERSION,
  isNotEmpty,
  listOf,
} from './schema.ts';

const manifestSchema = z.strictObject({
  format: z.literal(FORMAT_VERSION),
  name: fields.archiveName,
  kind: z.enum(['full', 'incremental']),
  createdAt: fields.timestamp,
  finishedAt: fields.timestamp,
  /** Version of the Quackup that wrote it. */
  tool: z.string().max(64),
  archive: archiveReference.extend({ compression: compressionSchema }),
  /** Where the index lies in the archive, in stored bytes, and the SHA-256 of those bytes. */
  index: z.strictObject({
    offset: fields.safeInteger,
    length: fields.safeInteger,
    /** Stored bytes of the first frame, the index's head, and what it decodes to. */
    headLength: fields.safeInteger,
    headBytes: fields.safeInteger,
    sha256: fields.sha256,
  }),
  /** Earlier archives that the index refers to. */
  references: listOf(archiveReference),
  databases: listOf(databaseEntry).refine(isNotEmpty),
  failed: listOf(failedDatabase),
  sha256: fields.sha256,
});

/** A manifest that has been checked. */
export type Manifest = z.infer<typeof manifestSchema>;

/** Bytes that a manifest may have: it stays a few KB at any database size, and a thousand databases still fit. */
export const MAX_MANIFEST_BYTES: number = 4 * 1024 * 1024;

const SEAL = /"sha256": "([0-9a-f]{64})"\n\}\n$/;
const ZEROS = '0'.repeat(64);

const sealOf = (unsealed: string): string => createHash('sha256').update(unsealed).digest('hex');

/**
 * The text of a manifest, sealed.
 *
 * @throws QuackupError `BACKUP_FAILED` if it is longer than what is read again.
 */
export function formatManifest(manifest: Omit<Manifest, 'sha256' | 'format'>): string {
  const unsealed = `${JSON.stringify({ format: FORMAT_VERSION, ...manifest, sha256: ZEROS }, null, 2)}\n`;
  if (Buffer.byteLength(unsealed) > MAX_MANIFEST_BYTES) {
    throw new QuackupError(
      'BACKUP_FAILED',
      `the manifest of ${manifest.name} has more than ${MAX_MANIFEST_BYTES} bytes`,
      {
        hint: 'back fewer databases up in one backup',
      },
    );
  }
  return unsealed.replace(SEAL, `"sha256": "${sealOf(unsealed)}"\n}\n`);
}

/**
 * @param name The backup that the object's key names.
 * @throws QuackupError `BACKUP_DAMAGED` if this is not the manifest that was written for that backup.
 * @throws QuackupError `FORMAT_UNSUPPORTED` if a newer version wrote it.
 */
export function parseManifest(text: string, name: string): Manifest {
  const seal = SEAL.exec(text);
  if (seal === null || sealOf(text.replace(SEAL, `"sha256": "${ZEROS}"\n}\n`)) !== seal[1]) {
    throw damaged(name, 'its text is not what was written');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged(name, 'it is not JSON', error);
  }
  const format = (value as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > FORMAT_VERSION) {
    throw new QuackupError(
      'FORMAT_UNSUPPORTED',
      `${name} has format ${format}; this Quackup reads up to ${FORMAT_VERSION}`,
      {
        hint: 'use the version of Quackup that wrote it, or a newer one',
      },
    );
  }
  const result = manifestSchema.safeParse(value);
  if (!result.success) throw damaged(name, describeIssues(result.error));
  if (result.data.name !== name) throw damaged(name, `it belongs to ${result.data.name}`);
  return result.data;
}

function damaged(name: string, why: string, cause?: unknown): QuackupError {
  return new QuackupError('BACKUP_DAMAGED', `the manifest ${name}.json is damaged: ${why}`, {
    cause,
    hint: 'the archive beside it can still be unpacked with tar; see docs/format.md',
  });
}
