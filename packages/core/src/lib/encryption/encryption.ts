import type { Identity, Recipient } from '@quackup/age';

/** What is written is encrypted for these. */
export interface Encryption {
  /** At least one. A passphrase can only be alone, post-quantum keys only among themselves: see `checkRecipients` of `@quackup/age`. */
  readonly recipients: readonly Recipient[];
}

/**
 * Where keys come from when something encrypted must be read. Called at the first such thing and not before, since a key may
 * have to be asked for.
 *
 * @returns the keys that there are; none if there are none.
 */
export type KeySource = () => Promise<readonly Identity[]>;

/** The fingerprints of recipients, in a fixed order. */
export function fingerprintsOf({ recipients }: Encryption): string[] {
  return recipients.map(({ fingerprint }) => fingerprint).toSorted();
}

/** Whether one of the recipients is a passphrase. */
export const isByPassphrase = ({ recipients }: Encryption): boolean =>
  recipients.some(({ kind }) => kind === 'passphrase');
