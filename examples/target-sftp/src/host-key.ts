import { createHash, timingSafeEqual } from 'node:crypto';

/** Checks the key that a server shows, and remembers which it was. */
export class HostKeyCheck {
  /** The fingerprint of the key that was refused. */
  refused: string | undefined;
  readonly #expected: readonly Buffer[];

  /** @param fingerprints As `ssh-keygen -l` prints them, with or without the padding. */
  constructor(fingerprints: string | readonly string[]) {
    this.#expected = [fingerprints].flat().map((text) => Buffer.from(text.slice('SHA256:'.length), 'base64'));
  }

  /** Whether this is a key of the server. */
  readonly verify = (key: Buffer): boolean => {
    const digest = createHash('sha256').update(key).digest();
    const known = this.#expected.some(
      (each) => each.length === digest.length && timingSafeEqual(each, digest),
    );
    if (!known) this.refused = `SHA256:${digest.toString('base64').replace(/=$/, '')}`;
    return known;
  };
}
