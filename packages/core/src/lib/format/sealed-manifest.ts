/**
 * The manifest of an encrypted backup: see docs/format.md. What is outside says what a backup needs and takes; the rest is
 * `sealed`, an age file that repeats what is outside. Who has a key therefore knows that nothing outside was changed.
 */
import { decryptStream, encryptStream, type Identity } from '@quackup/age';
import { z } from 'zod';

import { ageFailure } from '../encryption/age-failure.ts';
import { type Encryption, fingerprintsOf } from '../encryption/encryption.ts';
import { QuackupError } from '../errors.ts';
import type { Manifest, ManifestContent } from './manifest.ts';
import { contentFields } from './manifest-content.ts';
import { archiveReference, describeIssues, fields, listOf } from './schema.ts';
import { sealText } from './seal-text.ts';

export const ENCRYPTED_FORMAT_VERSION = 2;

const { tool, compression, index, databases, failed } = contentFields;

const publicSchema = z.strictObject({
  format: z.literal(ENCRYPTED_FORMAT_VERSION),
  name: fields.archiveName,
  kind: z.enum(['full', 'incremental']),
  createdAt: fields.timestamp,
  finishedAt: fields.timestamp,
  /** Bytes that a restore writes. */
  sizeBytes: fields.safeInteger,
  /** Databases that are not in the backup because they failed. */
  failed: fields.safeInteger,
  /** Size and hash without the header. */
  archive: archiveReference.extend({
    header: z.strictObject({ sizeBytes: fields.safeInteger, sha256: fields.sha256 }),
  }),
  references: listOf(archiveReference),
  /** Fingerprints. */
  recipients: listOf(z.string().max(64)),
});

export const sealedManifestSchema = publicSchema.extend({
  sealed: z.string().min(1),
  sha256: fields.sha256,
});

/** What everyone may know of an encrypted backup. Only a key tells whether it is true. */
export type SealedManifest = z.infer<typeof sealedManifestSchema>;

const secretSchema = z.strictObject({
  public: publicSchema,
  tool,
  compression,
  index,
  databases,
  failed,
});

/** Of the archive as it is stored. */
export type StoredHeader = SealedManifest['archive']['header'];

/**
 * The text of the manifest of an encrypted backup.
 *
 * @throws QuackupError `BACKUP_FAILED` if it is longer than what is read again.
 */
export async function formatSealedManifest(
  content: ManifestContent,
  header: StoredHeader,
  encryption: Encryption,
): Promise<string> {
  const { name, kind, createdAt, finishedAt, references, archive } = content;
  const open: z.infer<typeof publicSchema> = {
    format: ENCRYPTED_FORMAT_VERSION,
    name,
    kind,
    createdAt,
    finishedAt,
    sizeBytes: content.databases.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    failed: content.failed.length,
    archive: { name: archive.name, sizeBytes: archive.sizeBytes, sha256: archive.sha256, header },
    references,
    recipients: fingerprintsOf(encryption),
  };
  const secret: z.infer<typeof secretSchema> = {
    public: open,
    tool: content.tool,
    compression: archive.compression,
    index: content.index,
    databases: content.databases,
    failed: content.failed,
  };
  const parts: Uint8Array[] = [];
  const plain = Buffer.from(JSON.stringify(secret));
  for await (const part of encryptStream(encryption.recipients)(once(plain))) parts.push(part);
  return sealText({ ...open, sealed: Buffer.concat(parts).toString('base64') }, name);
}

/**
 * What a manifest says, read with a key.
 *
 * @throws QuackupError `KEY_WRONG` if none of the identities opens it.
 * @throws QuackupError `BACKUP_DAMAGED` if the sealed part is damaged, or what is outside is not what was sealed.
 */
export async function openSealedManifest(
  manifest: SealedManifest,
  identities: readonly Identity[],
): Promise<Manifest> {
  const { sealed, sha256, ...open } = manifest;
  const object = `the manifest ${manifest.name}.json`;
  const bytes = Buffer.from(sealed, 'base64');
  // There is one text for each value, so that nothing can be changed without being told.
  if (bytes.toString('base64') !== sealed) throw damaged(object, 'what is sealed in it is not Base64');
  const parts: Uint8Array[] = [];
  try {
    for await (const part of decryptStream(identities)(once(bytes))) parts.push(part);
  } catch (error) {
    throw ageFailure(object, error, open.recipients);
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch {
    // Not as a cause: it would repeat what was sealed.
    throw damaged(object, 'what is sealed in it is not JSON');
  }
  const result = secretSchema.safeParse(value);
  if (!result.success) throw damaged(object, describeIssues(result.error));
  const { public: promised, compression: codec, ...rest } = result.data;
  if (JSON.stringify(promised) !== JSON.stringify(open)) {
    throw damaged(
      object,
      'what it says outside is not what was sealed in it: it was changed, or belongs elsewhere',
    );
  }
  const { sizeBytes: _size, failed: _failed, format, archive, ...shared } = open;
  return { ...shared, ...rest, format, archive: { ...archive, compression: codec }, sha256 };
}

function damaged(object: string, why: string): QuackupError {
  return new QuackupError('BACKUP_DAMAGED', `${object} is damaged: ${why}`, {
    hint: 'quackup repair makes it again from the archive beside it; or use another backup',
  });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
