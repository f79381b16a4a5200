/** Texts that must not be in an error: account keys, shared access signatures. */
export class Secrets {
  readonly #texts: readonly string[];

  constructor(texts: readonly (string | undefined)[]) {
    const found = new Set<string>();
    for (const text of texts) {
      if (text === undefined || text === '') continue;
      for (const form of [text, encodeURIComponent(text), decoded(text)]) found.add(form);
      const signature = new URLSearchParams(text.replace(/^\?/, '')).get('sig');
      if (signature !== null && signature !== '')
        for (const form of [signature, encodeURIComponent(signature)]) found.add(form);
    }
    // The longest first: one may be a part of another.
    this.#texts = [...found].sort((left, right) => right.length - left.length);
  }

  /** The text with `***` for every secret in it, and for every signature in a URL whoever it belongs to. */
  hide(text: string): string {
    const without = this.#texts.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
    return without
      .replaceAll(/\b(sig|AccountKey|SharedAccessSignature)=[^&\s;"']+/gi, '$1=***')
      .replaceAll(/\bBearer [\w.~+/=-]+/gi, 'Bearer ***');
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not encoded: a percent sign of its own.
    return text;
  }
}
