// Whitespace, control characters and what has a meaning in headers and SMTP commands are refused; the rest is the server's business.
const PART = String.raw`[^\s\p{Cc}@<>,;:"()[\]\\]+`;
const PLAIN = new RegExp(`^(${PART}@${PART})$`, 'u');
const NAMED = new RegExp(String.raw`^([^\p{Cc}<>"]*[^\p{Cc}<>"\s])\s*<(${PART}@${PART})>$`, 'u');

export interface MailAddress {
  /** Empty if there is none. */
  readonly name: string;
  readonly address: string;
}

/** `a@example.com` or `Name <a@example.com>`; `undefined` for anything else. */
export function parseMailAddress(text: string): MailAddress | undefined {
  const plain = PLAIN.exec(text)?.[1];
  if (plain !== undefined) return { name: '', address: plain };
  const [, name, address] = NAMED.exec(text) ?? [];
  return name === undefined || address === undefined ? undefined : { name, address };
}
