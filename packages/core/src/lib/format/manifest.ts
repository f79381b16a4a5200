/**
 * The manifest: a small JSON object beside the archive, written last. A backup exists exactly when its manifest does.
 *
 * Its text is sealed, see seal-text.ts. So any change to a stored manifest is noticed, whoever reads it. This much of
 * the format is the same in every version: a reader first learns whether the text is whole, then whether it is too new.
 */
import { z } from 'zod';

import { QuackupError } from '../errors.ts';
import { contentFields } from './manifest-content.ts';
import { archiveReference, describeIssues, fields, FORMAT_VERSION, listOf } from './schema.ts';
import { isSealed, sealText } from './seal-text.ts';
import {
  ENCRYPTED_FORMAT_VERSION,
  type SealedManifest,
  sealedManifestSchema,
  type StoredHeader,
} from './sealed-manifest.ts';

export { MAX_MANIFEST_BYTES } from './seal-text.ts';

const { tool, compression, index, databases, failed } = contentFields;

const manifestSchema = z.strictObject({
  format: z.literal(FORMAT_VERSION),
  name: fields.archiveName,
  kind: z.enum(['full', 'incremental']),
  createdAt: fields.timestamp,
  finishedAt: fields.timestamp,
  tool,
  archive: archiveReference.extend({ compression }),
  index,
  /** Earlier archives that the index refers to. */
  references: listOf(archiveReference),
  databases,
  failed,
  sha256: fields.sha256,
});

/** A plain manifest that has been checked. */
type PlainManifest = z.infer<typeof manifestSchema>;

/** What a manifest says of a backup. */
export type ManifestContent = Omit<PlainManifest, 'sha256' | 'format'>;

/** All that a manifest says: of a plain backup as it is stored, of an encrypted one as it was opened with a key. */
export type Manifest = Omit<PlainManifest, 'format' | 'archive'> & {
  readonly format: PlainManifest['format'] | SealedManifest['format'];
  readonly archive: PlainManifest['archive'] & { readonly header?: StoredHeader };
  /** Fingerprints of those that the backup is encrypted for; absent if it is plain. */
  readonly recipients?: readonly string[];
};

/** A manifest as it is stored: that of an encrypted backup says only what everyone may know. */
export type StoredManifest = PlainManifest | SealedManifest;

export const isSealedManifest = (manifest: StoredManifest | Manifest): manifest is SealedManifest =>
  'sealed' in manifest;

/**
 * The text of a plain manifest, sealed.
 *
 * @throws QuackupError `BACKUP_FAILED` if it is longer than what is read again.
 */
export function formatManifest(manifest: ManifestContent): string {
  return sealText({ format: FORMAT_VERSION, ...manifest }, manifest.name);
}

/** The text of a manifest as it is stored already, for a copy. */
export function formatStoredManifest({ sha256: _sha256, ...content }: StoredManifest): string {
  return sealText(content, content.name);
}

/**
 * @param name The backup that the object's key names.
 * @throws QuackupError `BACKUP_DAMAGED` if this is not the manifest that was written for that backup.
 * @throws QuackupError `FORMAT_UNSUPPORTED` if a newer version wrote it.
 */
export function parseManifest(text: string, name: string): StoredManifest {
  if (!isSealed(text)) throw damaged(name, 'its text is not what was written');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged(name, 'it is not JSON', error);
  }
  const format = (value as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > ENCRYPTED_FORMAT_VERSION) {
    throw new QuackupError(
      'FORMAT_UNSUPPORTED',
      `${name} has format ${format}; this Quackup reads up to ${ENCRYPTED_FORMAT_VERSION}`,
      {
        hint: 'use the version of Quackup that wrote it, or a newer one',
      },
    );
  }
  const schema: z.ZodType<StoredManifest> =
    format === ENCRYPTED_FORMAT_VERSION ? sealedManifestSchema : manifestSchema;
  const result = schema.safeParse(value);
  if (!result.success) throw damaged(name, describeIssues(result.error));
  if (result.data.name !== name) throw damaged(name, `it belongs to ${result.data.name}`);
  return result.data;
}

function damaged(name: string, why: string, cause?: unknown): QuackupError {
  return new QuackupError('BACKUP_DAMAGED', `the manifest ${name}.json is damaged: ${why}`, {
    cause,
    hint: 'quackup repair makes it again from the archive beside it, which tar can unpack too: see docs/restore-without-quackup.md',
  });
}
