import {
  isSealedManifest,
  type Manifest,
  parseManifest,
  type StoredManifest,
} from '../src/lib/format/manifest.ts';

/** A manifest that must be a plain one. */
export function plain(
  manifest: StoredManifest | undefined,
): Exclude<StoredManifest, { readonly sealed: string }> & Manifest {
  if (manifest === undefined || isSealedManifest(manifest)) throw new Error('it is no plain manifest');
  return manifest;
}

/** As `parseManifest`, of a plain manifest. */
export const parsePlain = (text: string, name: string): ReturnType<typeof plain> =>
  plain(parseManifest(text, name));
