import type { Encryption } from '../encryption/encryption.ts';
import { formatManifest, type ManifestContent } from '../format/manifest.ts';
import { formatSealedManifest, type StoredHeader } from '../format/sealed-manifest.ts';

/** The text of the manifest of an archive, sealed if the archive is encrypted. */
export async function formatFor(
  content: ManifestContent,
  {
    header,
    encryption,
    isEncrypted,
  }: {
    readonly header: StoredHeader;
    readonly encryption: Encryption | undefined;
    readonly isEncrypted: boolean;
  },
): Promise<string> {
  if (!isEncrypted) return formatManifest(content);
  if (encryption === undefined) throw new Error('a manifest of an encrypted archive needs recipients');
  return formatSealedManifest(content, header, encryption);
}
