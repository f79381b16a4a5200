/** A part of a header: the file key, wrapped for one recipient. */
export interface Stanza {
  /** What the first line says, of printable ASCII without spaces; the first one is the type: `X25519`, `scrypt`. */
  readonly args: readonly string[];
  readonly body: Uint8Array;
}
