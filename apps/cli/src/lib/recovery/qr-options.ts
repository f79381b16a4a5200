/**
 * Codes have the quiet border of four modules that readers want, and a quarter of one may be unreadable: a fold or a stain. A long
 * text (an encrypted key) has room for less.
 */
export const QR_OPTIONS = { border: 4, ecc: 'M', boostEcc: true } as const;
