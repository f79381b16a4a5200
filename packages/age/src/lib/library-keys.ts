/**
 * Recipients and identities of the npm package `age-encryption`, which does all cryptography of keys here.
 *
 * The package makes them of text inside `Encrypter` and `Decrypter` and exports neither their classes nor a way to wrap a
 * given file key, which is what changing the recipients of a file needs. So they are taken out of those two objects. Its
 * version is pinned for that, and a version that keeps them elsewhere fails here at the first use, and in the tests.
 */
import { Decrypter, Encrypter, Stanza as LibraryStanza } from 'age-encryption';

import type { Stanza } from './stanza.ts';

/** The package is not the version that is pinned. Nothing of this is the input's fault. */
export class LibraryChanged extends Error {
  override readonly name = 'LibraryChanged';
}

interface LibraryRecipient {
  wrapFileKey(fileKey: Uint8Array): LibraryStanza[] | Promise<LibraryStanza[]>;
}

interface LibraryIdentity {
  unwrapFileKey(stanzas: LibraryStanza[]): Uint8Array | null | Promise<Uint8Array | null>;
}

/**
 * @throws LibraryChanged
 * @throws Error if the package does not take the text for a recipient.
 */
export function libraryRecipient(text: string): LibraryRecipient {
  const encrypter = new Encrypter();
  encrypter.addRecipient(text);
  return onlyOne<LibraryRecipient>(encrypter, 'recipients', 'wrapFileKey');
}

/**
 * @throws LibraryChanged
 * @throws Error if the package does not take the text for an identity.
 */
export function libraryIdentity(text: string): LibraryIdentity {
  const decrypter = new Decrypter();
  decrypter.addIdentity(text);
  return onlyOne<LibraryIdentity>(decrypter, 'identities', 'unwrapFileKey');
}

/** Stanzas as the package takes them: it tells its own by nothing but their fields. */
export function libraryStanzas(stanzas: readonly Stanza[]): LibraryStanza[] {
  return stanzas.map(({ args, body }) => new LibraryStanza([...args], body));
}

function onlyOne<Item extends object>(owner: object, field: string, method: keyof Item & string): Item {
  const items: unknown = Reflect.get(owner, field);
  const item: unknown = Array.isArray(items) && items.length === 1 ? items[0] : undefined;
  if (typeof item !== 'object' || item === null || typeof Reflect.get(item, method) !== 'function') {
    throw new LibraryChanged(`this version of age-encryption keeps no ${field} where 0.3.1 does`);
  }
  return item as Item;
}
