const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** Bytes in `1100MB`, `1.5GB`, `64MiB`; undefined if it is not a size, or less than one byte. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([KMG]i?B|B)?$/.exec(text);
  const bytes = Math.round(Number(match?.[1]) * (UNITS[match?.[2] ?? 'B'] ?? Number.NaN));
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}
