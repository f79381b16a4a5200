import { createHash } from 'node:crypto';

import { type Identity, type Recipient, rekeyHeader } from '@quackup/age';
import { type ObjectKey, objectKey } from '@quackup/target-api';

import { ageFailure } from '../encryption/age-failure.ts';
import { QuackupError } from '../errors.ts';
import { describeSize, hasSizeOf } from '../format/archive-size.ts';
import type { ArchiveReference } from '../format/schema.ts';
import type { StoredHeader } from '../format/sealed-manifest.ts';
import { readAhead } from '../target/read-ahead.ts';
import type { TargetClient } from '../target/target-client.ts';

/**
 * Gives an archive a header for other recipients. An object cannot be changed in place, so all of it is read and written again
 * under its name; nothing is decrypted. Until that is done the old one is there, whole. Every byte behind the header is hashed on
 * its way: an archive that is damaged fails and stays as it is.
 *
 * @returns the new header, as a manifest says of it.
 * @throws BACKUP_DAMAGED if it is not the archive that was written.
 * @throws KEY_WRONG if none of the identities opens it.
 */
export async function replaceHeader(
  client: TargetClient,
  archive: ArchiveReference,
  identities: readonly Identity[],
  recipients: readonly Recipient[],
  onBytes: (bytes: number) => void,
): Promise<StoredHeader> {
  const key = objectKey(archive.name);
  const info = await client.stat(key);
  if (info === undefined || !hasSizeOf(archive, info.size)) {
    throw notWhole(client, key, `it ${describeSize(archive, info?.size)}`);
  }
  const payloadStart = info.size - archive.sizeBytes;
  const header = await newHeader(key, await client.readRange(key, 0, payloadStart), identities, recipients);
  const ifSame = client.target.capabilities.putIfMatch && info.etag !== undefined;
  await client.put(key, newArchive(client, key, header, payloadStart, archive, onBytes), {
    size: header.length + archive.sizeBytes,
    ...(ifSame && { condition: { type: 'if-match', etag: info.etag } }),
  });
  return { sizeBytes: header.length, sha256: createHash('sha256').update(header).digest('hex') };
}

async function newHeader(
  key: ObjectKey,
  old: Uint8Array,
  identities: readonly Identity[],
  recipients: readonly Recipient[],
): Promise<Uint8Array> {
  try {
    return await rekeyHeader(old, identities, recipients);
  } catch (error) {
    throw ageFailure(key, error);
  }
}

/** The new object's bytes. Fails at its end, before the put is done, if the payload is not what was backed up. */
async function* newArchive(
  client: TargetClient,
  key: ObjectKey,
  header: Uint8Array,
  payloadStart: number,
  { sizeBytes, sha256 }: ArchiveReference,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield header;
  const digest = createHash('sha256');
  let done = 0;
  // The last piece is held back until it is known that all of them are right.
  let held: Buffer | undefined;
  for await (const piece of readAhead(client, key, { start: payloadStart })) {
    if (held !== undefined) yield held;
    digest.update(piece);
    done += piece.length;
    onBytes(piece.length);
    held = piece;
  }
  if (done !== sizeBytes || digest.digest('hex') !== sha256) {
    throw notWhole(client, key, 'its SHA-256 is not the one that was recorded');
  }
  if (held !== undefined) yield held;
}

function notWhole(client: TargetClient, key: ObjectKey, why: string): QuackupError {
  return new QuackupError(
    'BACKUP_DAMAGED',
    `${key} on ${client.target.displayName} cannot get other recipients: ${why}; it was not touched`,
    { hint: 'quackup verify --all --level archive says what else is damaged' },
  );
}
