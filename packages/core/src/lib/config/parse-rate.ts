const UNIT_BYTES = new Map(
  Object.entries({ kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }),
);

/** One number and one unit of bytes, in a second: `10MB`, `1.5 MiB/s`. A number alone is refused: nobody could tell its unit. */
export const RATE_PATTERN: RegExp = /^(\d+(?:\.\d+)?)\s*([kKMG]i?B)(?:\/s)?$/;

/** Below this a lease and a manifest alone would take minutes. Bytes in a second. */
export const MIN_RATE = 1000;

/** Bytes in a second, rounded; `undefined` if `text` is no rate, or one below {@link MIN_RATE}. */
export function parseRate(text: string): number | undefined {
  const [, amount, unit = ''] = RATE_PATTERN.exec(text) ?? [];
  const unitBytes = UNIT_BYTES.get(unit);
  if (unitBytes === undefined) return undefined;
  const rate = Math.round(Number(amount) * unitBytes);
  return Number.isSafeInteger(rate) && rate >= MIN_RATE ? rate : undefined;
}
